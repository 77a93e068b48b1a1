//! `imagine upscale`: enlarges pictures, sprites and materials.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::ensure;
use clap::Args;
use imagine_edit::upscale::Upscaler;
use imagine_graph::{OutputKind, Size};

use crate::arguments::MAX_SIDE;
use crate::edit::{Edit, EditArguments, Source};
use crate::network_file::{RoleArguments, load};
use crate::recipe::EditMark;

/// Arguments of `imagine upscale`.
#[derive(Args, Clone, Debug)]
pub struct Upscale {
    #[command(flatten)]
    edit: EditArguments,
    /// How often sides are enlarged: 2 or 4; with --pixel-art also 3. Default: 2, or that of --network.
    #[arg(long, value_name = "FACTOR")]
    factor: Option<usize>,
    /// A network in place of the built-in one: a generator file of `imagine train upscale`, or an ONNX file with roles.
    #[arg(long, value_name = "FILE", conflicts_with = "pixel_art")]
    network: Option<PathBuf>,
    /// Enlarge pixel art without blur: every pixel of the result is a copy of a pixel.
    #[arg(long)]
    pixel_art: bool,
    /// Continue at the opposite border, for textures that tile.
    #[arg(long)]
    wrap: bool,
}

impl Upscale {
    /// Enlarges everything.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let upscaler = self.upscaler()?;
        self.edit.run(|source| self.edit_of(source, &upscaler))
    }

    fn upscaler(&self) -> anyhow::Result<Upscaler> {
        let Some(file) = &self.network else {
            let factor = self.factor.unwrap_or(2);
            return Ok(if self.pixel_art { Upscaler::pixel_art(factor)? } else { Upscaler::small(factor)? });
        };
        let upscaler = Upscaler::from_generator(&Arc::new(load(file, &RoleArguments::default())?))?;
        let made = upscaler.factor();
        let fits = self.factor.is_none_or(|factor| factor == made);
        ensure!(fits, "--factor: {} enlarges by {made}; leave it out", file.display());
        Ok(upscaler)
    }

    fn edit_of(&self, source: &Source, upscaler: &Upscaler) -> anyhow::Result<Edit> {
        let factor = upscaler.factor();
        let [width, height] = source.size.map(|side| side * factor);
        ensure!(
            width.max(height) <= MAX_SIDE,
            "{width}x{height} pixels after enlarging by {factor}: at most {MAX_SIDE} a side are written"
        );
        let kinds: Vec<OutputKind> = source.maps.iter().map(|map| map.kind).collect();
        let mut options = BTreeMap::from([("factor".to_string(), factor.to_string())]);
        if self.wrap {
            options.insert("wrap".into(), "true".into());
        }
        Ok(Edit {
            name: "upscale",
            loaded: upscaler.of_maps(&kinds, self.wrap)?,
            size: Size::new(height, width),
            crop: None,
            inputs: BTreeMap::new(),
            seed: 0,
            options,
            mark: EditMark::Enhanced,
        })
    }
}
