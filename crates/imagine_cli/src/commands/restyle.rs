//! `imagine restyle`: paints pictures in a style, and makes materials others that keep their shape.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;
use imagine_edit::{
    CAVITIES, FLOW, InStyle, KEEP_COLORS, LIKENESS, RELIEF, Restyle, RestyleMaterial, STRENGTH, input_name,
};
use imagine_graph::file::{EXTENSION, LoadedGenerator};
use imagine_graph::{Extent, OutputKind, Size, Tensor};

use super::edited::options;
use crate::edit::{Edit, EditArguments, Source};
use crate::network_file::{RoleArguments, load};
use crate::recipe::EditMark;

/// Where styles are looked for by name.
const STYLES: &str = "assets/styles";

/// Arguments of `imagine restyle`.
#[derive(Args, Clone, Debug)]
pub struct RestylePictures {
    #[command(flatten)]
    edit: EditArguments,
    /// The style: a generator by example, or the name of one in assets/styles. A material with a height becomes the style's material if the
    /// style has a height, and keeps its shape.
    #[arg(long, value_name = "NAME|FILE")]
    style: PathBuf,
    /// How much is painted: 0 is the picture, 1 the painting.
    #[arg(long, default_value_t = 1.0)]
    strength: f32,
    /// Whose colours are seen: 0 the style's, 1 the picture's.
    #[arg(long, default_value_t = 0.0)]
    keep_colors: f32,
    /// How closely texels follow the picture: 0 not at all, 1 as usual, 2 closely.
    #[arg(long, default_value_t = 1.0)]
    likeness: f32,
    /// How much strokes follow the picture's edges: 0 to 2.
    #[arg(long, default_value_t = 1.0)]
    flow: f32,
    /// Strokes of half, a quarter or an eighth of their size: 1, 2 or 3.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=3))]
    finer_strokes: u8,
    /// Of materials: how much of their relief is seen, 0 to 2.
    #[arg(long, default_value_t = 1.0)]
    relief: f32,
    /// Of materials: how dark their cavities are, 0 to 1.
    #[arg(long, default_value_t = 0.5)]
    cavities: f32,
    /// Random seed: each draws other strokes.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl RestylePictures {
    /// Restyles everything.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let style = Arc::new(style(&self.style).context("--style")?);
        let network = &style.generator;
        if network.generator.output.weights.exemplar().is_none() && network.pictures().next().is_some() {
            let path = self.style.display();
            bail!(
                "{path} is a network that paints by itself: imagine generate {path} --image PICTURE --out RESULT.png"
            );
        }
        self.edit.run(|source| self.edit_of(source, &style))
    }

    fn edit_of(&self, source: &Source, style: &Arc<LoadedGenerator>) -> anyhow::Result<Edit> {
        let [width, height] = source.size;
        let size = Extent { height, width };
        let has = |kind: OutputKind| source.maps.iter().any(|map| map.kind == kind);
        let is_material = has(OutputKind::Height)
            && style.generator.generator.output.outputs.iter().any(|output| output.kind == OutputKind::Height);
        let style = style.clone();
        let (edit, controls): (imagine_edit::Edit, Vec<(&str, f32)>) = if is_material {
            let options = RestyleMaterial { size, normal: has(OutputKind::Normal) };
            let mut controls = vec![(LIKENESS, self.likeness), (FLOW, self.flow), (CAVITIES, self.cavities)];
            controls.extend(options.normal.then_some((RELIEF, self.relief)));
            (InStyle { style, options }.into(), controls)
        } else {
            ensure!(
                has(OutputKind::BaseColor) && source.maps.len() <= 2,
                "a material is restyled by its height, which {} does not have",
                if has(OutputKind::Height) { "the style" } else { "it" }
            );
            let options = Restyle { size, finer_strokes: self.finer_strokes.into() };
            let controls = vec![
                (STRENGTH, self.strength),
                (KEEP_COLORS, self.keep_colors),
                (LIKENESS, self.likeness),
                (FLOW, self.flow),
            ];
            (InStyle { style, options }.into(), controls)
        };
        let mut inputs: BTreeMap<String, Tensor> =
            controls.iter().map(|(name, value)| (name.to_string(), Tensor::scalar(*value))).collect();
        let mut loaded = edit.loaded()?;
        if !is_material && has(OutputKind::Alpha) {
            loaded = with_alpha(loaded, size)?;
            let alpha = source.maps.iter().find(|map| map.kind == OutputKind::Alpha);
            inputs.extend(alpha.map(|map| (input_name("image", map.kind), map.values.clone())));
        }
        let size = Size::new(height, width);
        Ok(Edit {
            name: "restyle",
            loaded,
            size,
            crop: None,
            inputs,
            seed: self.seed,
            options: options(&controls),
            mark: EditMark::Rearranged,
        })
    }
}

/// The generator, which hands the picture's alpha on.
fn with_alpha(loaded: LoadedGenerator, size: Extent) -> anyhow::Result<LoadedGenerator> {
    use imagine_graph::{ColorSpace, Dim, Identity, InputKind};
    let mut generator = loaded.generator.generator.clone();
    let shape = [1, 1, size.height, size.width].map(Dim::Fixed).to_vec();
    let name = input_name("image", OutputKind::Alpha);
    generator.output.input(&name, InputKind::Image(ColorSpace::Linear), shape);
    generator.output.push("alpha", Identity {}, [name.as_str()]);
    generator.output.output("alpha", OutputKind::Alpha);
    Ok(LoadedGenerator { generator: generator.validate()?, ..loaded })
}

/// A style by its file or its name.
pub fn style(path: &Path) -> anyhow::Result<LoadedGenerator> {
    let named = Path::new(STYLES).join(format!("{}{EXTENSION}", path.display()));
    let path = if path.exists() { path } else { &named };
    if !path.exists() {
        let found = Path::new(STYLES).read_dir().into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<String> = found.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name.ends_with(EXTENSION));
        names.sort();
        let names: Vec<&str> = names.iter().map(|name| name.trim_end_matches(EXTENSION)).collect();
        bail!("no such file, and {} does not exist; styles there: {names:?}", named.display());
    }
    load(path, &RoleArguments::default())
}
