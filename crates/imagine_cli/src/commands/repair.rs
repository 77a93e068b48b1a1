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

/// Widest scratch that a repair takes; of a wider one it says so.
const MAX_SCRATCH: usize = 6;

/// Rows and columns of the patches that are compared: a place is copied if all of its patch is known.
const PATCH: usize = 7;

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
    /// Parts of the mask that are at most this many pixels wide are scratches, dust or writing: they are continued smoothly from both sides,
    /// in place of copying from elsewhere. 0 to 6; 0: nothing is.
    #[arg(long, value_name = "PIXELS", default_value_t = 3)]
    scratches: usize,
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
        let marked: Vec<bool> = mask.as_f32().unwrap_or_default().iter().map(|value| *value > 0.5).collect();
        ensure!(marked.contains(&true), "--mask is dark everywhere: paint what is to be removed white");
        let holes = holes(&marked, width, self.scratches);
        ensure!(
            leaves_something(&holes, width, self.grow + PATCH / 2),
            "--mask leaves no {PATCH}x{PATCH} pixels to continue, grown by {} pixels: mark less, or grow less (--grow)",
            self.grow
        );
        let size = Extent { height, width };
        // Looking for scratches where there are none costs time. What is out of range, the repair says.
        let scratches = if holes == marked && self.scratches <= MAX_SCRATCH { 0 } else { self.scratches };
        let repair = Repair { maps: kinds(source), grow: self.grow, scratches, tiles: self.wrap, size };
        let mut options = options(&[("grow", self.grow as f32), ("scratches", scratches as f32)]);
        options.extend(self.wrap.then(|| ("wrap".to_string(), "true".to_string())));
        let inputs = BTreeMap::from([("mask".to_string(), mask)]);
        edit("repair", repair.into(), source, inputs, options)
    }
}

/// Whether there is a pixel with nothing marked within `distance` rows and columns of it.
fn leaves_something(marked: &[bool], width: usize, distance: usize) -> bool {
    // Marks spread along rows, then along columns.
    let height = marked.len() / width.max(1);
    let spread = |marks: &[bool], count: usize, step: usize, lines: &dyn Fn(usize) -> usize| {
        let mut spread = vec![false; marks.len()];
        for line in 0..marks.len() / count.max(1) {
            let start = lines(line);
            let mut last = None;
            let mut next = (0..count).find(|at| marks[start + at * step]);
            for at in 0..count {
                if next == Some(at) {
                    last = next;
                    next = (at + 1..count).find(|at| marks[start + at * step]);
                }
                let is_near = |mark: Option<usize>| mark.is_some_and(|mark: usize| mark.abs_diff(at) <= distance);
                spread[start + at * step] = is_near(last) || is_near(next);
            }
        }
        spread
    };
    let rows = spread(marked, width, 1, &|line| line * width);
    let both = spread(&rows, height, width, &|line| line);
    both.contains(&false)
}

/// What is marked, without the parts that are scratches of at most `most` pixels: those that no square of `most + 1` marked pixels is near.
fn holes(marked: &[bool], width: usize, most: usize) -> Vec<bool> {
    let height = marked.len() / width.max(1);
    let side = most + 1;
    if !(1..=MAX_SCRATCH).contains(&most) {
        return marked.to_vec();
    }
    // Squares, by their first corner: marked pixels in each row, then rows.
    let run = |before: usize, is: bool| if is { before + 1 } else { 0 };
    let mut rows = vec![0; marked.len()];
    let mut squares = vec![false; marked.len()];
    let mut columns = vec![0; width];
    for y in (0..height).rev() {
        for x in (0..width).rev() {
            let at = y * width + x;
            rows[at] = run(if x + 1 < width { rows[at + 1] } else { 0 }, marked[at]);
            columns[x] = run(columns[x], rows[at] >= side);
            squares[at] = columns[x] >= side;
        }
    }
    let near = |y: usize, x: usize| {
        let range = |at: usize, end: usize| at.saturating_sub(2 * most)..(at + most + 1).min(end);
        range(y, height).any(|y| range(x, width).any(|x| squares[y * width + x]))
    };
    (0..marked.len()).map(|at| marked[at] && near(at / width, at % width)).collect()
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

#[cfg(test)]
mod tests {
    use super::{holes, leaves_something};

    /// Marks of `width` times `height` pixels in 40 x 32.
    fn marks(rectangles: &[[usize; 4]]) -> Vec<bool> {
        let is_in =
            |at: usize, [x, y, w, h]: [usize; 4]| (x..x + w).contains(&(at % 40)) && (y..y + h).contains(&(at / 40));
        (0..40 * 32).map(|at| rectangles.iter().any(|rectangle| is_in(at, *rectangle))).collect()
    }

    #[test]
    fn something_is_left_where_a_patch_is_free() {
        let mut marked = vec![true; 40 * 32];
        assert!(!leaves_something(&marked, 40, 3));
        (10..17).for_each(|y| (20..27).for_each(|x| marked[y * 40 + x] = false));
        assert!(leaves_something(&marked, 40, 3));
        assert!(!leaves_something(&marked, 40, 4), "no nine pixels are free");
        // At the picture's edge less is needed.
        assert!(leaves_something(&marks(&[[0, 0, 40, 28]]), 40, 3));
        assert!(!leaves_something(&marks(&[[0, 0, 40, 28]]), 40, 4));
    }

    #[test]
    fn scratches_are_thin_and_far_from_holes() {
        let is_same = |rectangles: &[[usize; 4]], most: usize| {
            let marked = marks(rectangles);
            holes(&marked, 40, most) == marked
        };
        assert_eq!(holes(&marks(&[[2, 5, 30, 3]]), 40, 3), marks(&[]));
        assert!(is_same(&[[2, 5, 30, 4]], 3), "too wide");
        assert!(is_same(&[[2, 5, 30, 3]], 0));
        assert!(is_same(&[[10, 8, 12, 12], [12, 19, 2, 3]], 3), "a corner of a hole");
        let hole = [10, 8, 12, 12];
        assert_eq!(holes(&marks(&[hole, [30, 2, 1, 1]]), 40, 3), marks(&[hole]), "dust beside a hole");
    }
}
