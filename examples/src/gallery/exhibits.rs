//! The generator files that the gallery shows.

use anyhow::{Context, ensure};
use bevy::math::UVec2;
use imagine_graph::file::EXTENSION;
use imagine_graph::{OutputKind, Size};

use crate::ASSETS;

/// Folders of generators below the assets, with the texels along a material of each: photographs need more than networks are trained on.
const FOLDERS: [(&str, usize); 2] = [("materials", 512), ("generators", 128)];

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

/// The generators of `assets/materials` and `assets/generators` by name, or the one called `only`.
pub fn exhibits(only: Option<&str>) -> anyhow::Result<Vec<Exhibit>> {
    let mut found = Vec::new();
    for (folder, texels) in FOLDERS {
        found.extend(names(folder)?.into_iter().map(|name| (folder, name, texels)));
    }
    let known: Vec<&str> = found.iter().map(|(_, name, _)| name.as_str()).collect();
    let known = known.join(", ");
    found.retain(|(_, name, _)| only.is_none_or(|only| only == *name));
    ensure!(!found.is_empty(), "no generator {:?}; known: {known}", only.unwrap_or_default());
    found.iter().map(|(folder, name, texels)| load(folder, name, *texels)).collect()
}

/// Names of the generators in a folder below the assets, sorted.
fn names(folder: &str) -> anyhow::Result<Vec<String>> {
    let folder = format!("{ASSETS}/{folder}");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?;
    let files = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let files = files.collect::<std::io::Result<Vec<_>>>().with_context(|| format!("cannot read {folder}"))?;
    let mut names: Vec<String> = files.iter().filter_map(|file| Some(file.strip_suffix(EXTENSION)?.into())).collect();
    names.sort();
    ensure!(!names.is_empty(), "no generators in {folder}");
    Ok(names)
}

fn load(folder: &str, name: &str, texels: usize) -> anyhow::Result<Exhibit> {
    let path = format!("{folder}/{name}{EXTENSION}");
    let generator = imagine_graph::file::load(format!("{ASSETS}/{path}"))?.generator;
    let is_cut_out = generator.output.graph().outputs.iter().any(|output| output.kind == OutputKind::Alpha);
    let rule = generator.generator.size;
    // A sprite is right at one size only.
    let size = if is_cut_out { rule.smallest() } else { rule.nearest(Size::new(texels, texels)) };
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
        assert!(
            error.starts_with("no generator \"granite\"; known: bark, brick_wall, ") && error.contains(", gravel, "),
            "{error}"
        );
        assert_eq!(exhibits(Some("gravel")).unwrap().len(), 1);
    }

    #[test]
    fn sprites_are_cut_out_and_materials_are_not() {
        let cut_out = |name| exhibits(Some(name)).unwrap()[0].is_cut_out;
        assert!(cut_out("sprites"));
        assert!(!cut_out("stone_wall"));
    }
}
