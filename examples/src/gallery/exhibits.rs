//! The generator files that the gallery shows.

use anyhow::{Context, ensure};
use bevy::math::UVec2;
use imagine_graph::file::EXTENSION;
use imagine_graph::{OutputKind, Size};

use crate::ASSETS;

/// Texels along a material.
const TEXELS: usize = 128;

/// A generator, and how it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhibit {
    /// Name of the file without extension.
    pub name: String,
    /// Title of the model card.
    pub title: String,
    /// Path for the asset server.
    pub path: String,
    /// Size of a result in texels.
    pub size: UVec2,
    /// Whether it makes pictures with a shape of their own, which are shown on a board, or materials, which are shown on a ball.
    pub is_cut_out: bool,
}

/// The generators of `assets/generators` by name, or the one called `only`.
pub fn exhibits(only: Option<&str>) -> anyhow::Result<Vec<Exhibit>> {
    let folder = format!("{ASSETS}/generators");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?;
    let files = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let files = files.collect::<std::io::Result<Vec<_>>>().with_context(|| format!("cannot read {folder}"))?;
    let mut names: Vec<&str> = files.iter().filter_map(|file| file.strip_suffix(EXTENSION)).collect();
    names.sort();
    ensure!(!names.is_empty(), "no generators in {folder}");
    let chosen: Vec<&str> = names.iter().copied().filter(|name| only.is_none_or(|only| only == *name)).collect();
    ensure!(!chosen.is_empty(), "no generator {:?}; known: {}", only.unwrap_or_default(), names.join(", "));
    chosen.into_iter().map(load).collect()
}

fn load(name: &str) -> anyhow::Result<Exhibit> {
    let path = format!("generators/{name}{EXTENSION}");
    let generator = imagine_graph::file::load(format!("{ASSETS}/{path}"))?.generator;
    let is_cut_out = generator.output.graph().outputs.iter().any(|output| output.kind == OutputKind::Alpha);
    let rule = generator.generator.size;
    // A sprite is right at one size only.
    let size = if is_cut_out { rule.smallest() } else { rule.nearest(Size::new(TEXELS, TEXELS)) };
    let title = generator.generator.card.title;
    Ok(Exhibit {
        name: name.into(),
        title: if title.is_empty() { name.into() } else { title },
        path,
        size: UVec2::new(size.width as u32, size.height as u32),
        is_cut_out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_generator_is_an_error_that_names_the_known_ones() {
        let error = exhibits(Some("granite")).unwrap_err().to_string();
        assert!(error.starts_with("no generator \"granite\"; known: bark, "), "{error}");
        assert_eq!(exhibits(Some("bark")).unwrap().len(), 1);
    }

    #[test]
    fn sprites_are_cut_out_and_materials_are_not() {
        let cut_out = |name| exhibits(Some(name)).unwrap()[0].is_cut_out;
        assert!(cut_out("sprites"));
        assert!(!cut_out("stone_wall"));
    }
}
