//! `imagine repair`: replaces what lies under a mask. `imagine tile`: makes pictures tile.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_edit::{Repair, Tile, input_name};
use imagine_graph::{Extent, Size, Tensor};

use super::edited::{kinds, options, read_one};
use crate::edit::{Edit, EditArguments, Source};
use crate::recipe::EditMark;

/// Pictures are cropped to multiples of this, so that the sides of a torus can be halved.
const TILE_MULTIPLE: usize = 16;

/// Arguments of `imagine repair`.
#[derive(Args, Clone, Debug)]
pub struct RepairPictures {
    #[command(flatten)]
    edit: EditArguments,
    /// A picture that is bright where something is to be removed, of the size of the pictures; or a folder with one for each picture, of the
    /// same name.
    #[arg(long, value_name = "FILE|FOLDER")]
    mask: PathBuf,
    /// Pixels by which the mask grows on all sides, 0 to 64, so that nothing of what is removed stays at its edge.
    #[arg(long, default_value_t = 3)]
    grow: usize,
    /// Continue at the opposite border, for textures that tile.
    #[arg(long)]
    wrap: bool,
}

/// Arguments of `imagine tile`: sides of the result are multiples of 16, cut from the middle.
#[derive(Args, Clone, Debug)]
pub struct TilePictures {
    #[command(flatten)]
    edit: EditArguments,
    /// Pixels along each border that are made anew, 4 to a quarter of the shorter side. Default: an eighth of it.
    #[arg(long, value_name = "PIXELS")]
    seam: Option<usize>,
}

impl RepairPictures {
    /// Repairs everything.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let one = if self.mask.is_dir() { None } else { Some(read_one(&self.mask).context("--mask")?) };
        self.edit.run(|source| match &one {
            Some(mask) => self.edit_of(source, mask),
            None => self.edit_of(source, &self.mask_of(source)?),
        })
    }

    /// The mask of a source, from the folder of masks.
    fn mask_of(&self, source: &Source) -> anyhow::Result<Source> {
        let is_of = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy() == source.name);
        let entries = self.mask.read_dir().with_context(|| format!("--mask {}", self.mask.display()))?;
        let mut found = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_of);
        let path = found.next();
        let path =
            path.with_context(|| format!("--mask {}: no picture called {:?}", self.mask.display(), source.name))?;
        read_one(&path).context("--mask")
    }

    fn edit_of(&self, source: &Source, mask: &Source) -> anyhow::Result<Edit> {
        let [width, height] = source.size;
        ensure!(
            mask.size == source.size,
            "--mask has {}x{} pixels, but the picture has {width}x{height}: they must be of one size",
            mask.size[0],
            mask.size[1]
        );
        let mask = mask.brightness().context("--mask has no colour")?.values;
        let is_marked = mask.as_f32().is_some_and(|values| values.iter().any(|value| *value > 0.5));
        ensure!(is_marked, "--mask is dark everywhere: paint what is to be removed white");
        let repair = Repair { size: Extent { height, width }, maps: kinds(source), grow: self.grow, tiles: self.wrap };
        let mut options = options(&[("grow", self.grow as f32)]);
        options.extend(self.wrap.then(|| ("wrap".to_string(), "true".to_string())));
        let inputs = BTreeMap::from([("mask".to_string(), mask)]);
        edit("repair", repair.into(), source, inputs, options)
    }
}

impl TilePictures {
    /// Makes everything tile.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        self.edit.run(|source| self.edit_of(source))
    }

    fn edit_of(&self, source: &Source) -> anyhow::Result<Edit> {
        let size = source.size.map(|side| (side / TILE_MULTIPLE * TILE_MULTIPLE).max(TILE_MULTIPLE.min(side)));
        let source = source.cropped(size);
        let mut tile = Tile::new(Extent { height: size[1], width: size[0] });
        tile.maps = kinds(&source);
        tile.seam = self.seam.unwrap_or(tile.seam);
        let options = options(&[("seam", tile.seam as f32)]);
        let inputs = source.maps.iter().map(|map| (input_name("image", map.kind), map.values.clone())).collect();
        edit("tile", tile.into(), &source, inputs, options)
    }
}

fn edit(
    name: &'static str,
    edit: imagine_edit::Edit,
    source: &Source,
    inputs: BTreeMap<String, Tensor>,
    options: BTreeMap<String, String>,
) -> anyhow::Result<Edit> {
    let [width, height] = source.size;
    let (loaded, size) = (edit.loaded()?, Size::new(height, width));
    Ok(Edit { name, loaded, size, crop: None, inputs, seed: 0, options, mark: EditMark::Rearranged })
}
