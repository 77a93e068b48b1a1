//! PBR sets to learn from, as fields of numbers.
//!
//! Normals are kept as slopes of the surface, in pixels of height for each pixel to the right and down; their means are taken away, since a
//! surface that tiles has none. A height map is scaled to the slopes; a set without one gets the surface whose slopes are nearest to its
//! normals.

use std::path::{Path, PathBuf};

use imagine_exemplar::folder::find_maps_in;
use imagine_exemplar::{Exemplar, ExemplarOptions};
use imagine_graph::OutputKind;
use imagine_graph::color::srgb_to_linear;
use rayon::prelude::*;

use super::fields::{Fields, openness};
use crate::data::pack::{read_bounded, sorted};
use crate::data::sha256_hex;
use crate::error::MaterialSetError;

/// Longest side of a set in texels; larger ones are scaled down.
const SIDE: u32 = 512;
/// Levels of nested folders that are searched.
const MAX_DEPTH: usize = 4;
/// Most sets.
const MAX_SETS: usize = 4096;
/// One set in as many is held back, chosen by the hash of its name.
const HELD_BACK: u64 = 6;
/// Slopes are cut off here.
const STEEPEST: f32 = 4.0;
/// A height map must agree with the normals at least this well, as a correlation of slopes; otherwise it is left out.
const AGREEMENT: f32 = 0.3;

/// A PBR set.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// Name of its folder.
    pub name: String,
    /// Height and width in texels.
    pub size: [usize; 2],
    /// Whether it continues at the opposite edge.
    pub tiles: bool,
    /// The fields of the whole set.
    pub(super) fields: Fields,
}

/// The PBR sets of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialSet {
    /// Those that the network learns from.
    pub trained: Vec<Material>,
    /// Those that are only measured.
    pub held_back: Vec<Material>,
    /// SHA-256 over the hashes of all sets, in hexadecimal.
    pub sha256: String,
    /// What a person should know about how the folders were read, a sentence each.
    pub notes: Vec<String>,
}

impl MaterialSet {
    /// Reads the sets in `folders`: folders with a base colour and normals, at any depth. Those smaller than `least` texels are left out.
    ///
    /// `held_out` is a list of names of sets, one at the beginning of each line; `#` begins a comment. Without a list, one in six is held back,
    /// chosen by the hash of its name. Names count without the ending that tells a resolution, so `bricks_2k` and `bricks` stay together.
    pub fn read(folders: &[PathBuf], least: usize, held_out: Option<&Path>) -> Result<Self, MaterialSetError> {
        let mut found = Vec::new();
        for folder in folders {
            find(folder, MAX_DEPTH, &mut found)?;
        }
        found.sort();
        found.dedup();
        if found.len() > MAX_SETS {
            return Err(MaterialSetError::TooMany { found: found.len(), most: MAX_SETS });
        }
        let listed = held_out.map(read_list).transpose()?;
        let read: Vec<Result<(Material, String), String>> = found.par_iter().map(|folder| read(folder)).collect();
        let (mut sets, mut notes) = (Vec::new(), Vec::new());
        for one in read {
            match one {
                Ok((material, hash)) if material.size[0].min(material.size[1]) >= least => sets.push((material, hash)),
                Ok((material, _)) => notes.push(format!("{}: smaller than {least} texels, left out", material.name)),
                Err(note) => notes.push(note),
            }
        }
        let sha256 = sha256_hex(sets.iter().map(|(_, hash)| hash));
        let holds = |material: &Material| match &listed {
            Some(listed) => listed.contains(&plain_name(&material.name)),
            None => {
                let hash = sha256_hex([plain_name(&material.name)]);
                u64::from_str_radix(&hash[..8], 16).unwrap_or(0).is_multiple_of(HELD_BACK)
            }
        };
        let (mut held_back, mut trained): (Vec<_>, Vec<_>) =
            sets.into_iter().map(|(material, _)| material).partition(holds);
        if let (Some(path), true) = (held_out, held_back.is_empty()) {
            return Err(MaterialSetError::NoneListed { path: path.to_path_buf() });
        }
        // Few sets may have no hash that chooses them.
        if held_back.is_empty() && trained.len() > 1 {
            held_back.push(trained.remove(0));
        }
        match trained.is_empty() || held_back.is_empty() {
            true => Err(MaterialSetError::TooFew { found: trained.len() + held_back.len(), notes: notes.join("; ") }),
            false => Ok(Self { trained, held_back, sha256, notes }),
        }
    }
}

impl Material {
    /// The fields of a square crop of `side` texels that begins at `corner`, each of them the mean of `step` x `step` texels.
    pub(super) fn crop(&self, corner: [usize; 2], side: usize, step: usize) -> Fields {
        self.fields.crop(self.size, corner, side, step)
    }
}

/// A name without the resolution at its end, in small letters.
fn plain_name(name: &str) -> String {
    let name = name.to_lowercase();
    let resolution = ["_1k", "_2k", "_4k", "_8k", "-1k", "-2k", "-4k", "-8k"];
    let short = resolution.iter().find_map(|end| name.strip_suffix(end));
    short.unwrap_or(&name).to_string()
}

/// Folders with a base colour and normals.
fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), MaterialSetError> {
    let entries = sorted(folder)?;
    if let Ok(maps) = find_maps_in(folder) {
        let has = |kind: OutputKind| maps.maps.iter().any(|map| map.kind == kind);
        if has(OutputKind::BaseColor) && has(OutputKind::Normal) {
            found.push(folder.to_path_buf());
            return Ok(());
        }
    }
    // A folder may contain itself by a link.
    if depth > 0 {
        for inner in entries.iter().filter(|path| path.is_dir()) {
            find(inner, depth - 1, found)?;
        }
    }
    Ok(())
}

/// The names on a list.
fn read_list(path: &Path) -> Result<Vec<String>, MaterialSetError> {
    let text = read_bounded(path, 16 << 20)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let names = text.lines().filter_map(|line| line.split('#').next()?.split_whitespace().next().map(plain_name));
    Ok(names.collect())
}

/// Reads a set; returns it with its hash, or why it cannot be used.
fn read(folder: &Path) -> Result<(Material, String), String> {
    let shown = folder.display();
    let options = ExemplarOptions { side: SIDE, ..ExemplarOptions::default() };
    let exemplar = Exemplar::load(folder, &options).map_err(|error| format!("{shown}: {error}, left out"))?;
    let maps = exemplar.maps();
    let size = [maps.height(), maps.width()];
    let mut first = 0;
    let mut planes = std::collections::BTreeMap::new();
    for kind in exemplar.kinds() {
        let count = kind.channels().unwrap_or(1);
        let plane = |channel: usize| -> Vec<f32> {
            let bytes = maps.texels().iter().skip(first + channel).step_by(maps.channels());
            bytes.map(|byte| f32::from(*byte) / 255.0).collect()
        };
        planes.insert(*kind, (0..count).map(plane).collect::<Vec<_>>());
        first += count;
    }
    let mut take = |kind: OutputKind| planes.remove(&kind);
    let (Some(color), Some(normal)) = (take(OutputKind::BaseColor), take(OutputKind::Normal)) else {
        return Err(format!("{shown}: has no normals, left out"));
    };
    let slopes = slopes(&normal);
    let tiles = exemplar.tiles();
    let height = take(OutputKind::Height).and_then(|mut planes| fitted(planes.pop()?, &slopes, size, tiles));
    let relief = height.as_ref().map_or(0.0, |height| deviation(height));
    let occlusion = take(OutputKind::Occlusion).and_then(|mut planes| planes.pop());
    let open = match (&occlusion, &height) {
        (Some(occlusion), _) => occlusion.clone(),
        (None, Some(height)) => openness(height, size, tiles),
        (None, None) => vec![1.0; size[0] * size[1]],
    };
    let albedo: Vec<Vec<f32>> =
        color.into_iter().map(|plane| plane.into_iter().map(srgb_to_linear).collect()).collect();
    let fields = Fields {
        albedo: albedo.try_into().map_err(|_| format!("{shown}: its base colour has not 3 channels"))?,
        slopes,
        height,
        roughness: take(OutputKind::Roughness).and_then(|mut planes| planes.pop()),
        occlusion,
        open,
        relief,
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let hash = sha256_hex([maps.texels()]);
    Ok((Material { name, size, tiles, fields }, hash))
}

/// Slopes of normals that are stored as 0 to 1, +Y up, without their means.
fn slopes(normal: &[Vec<f32>]) -> [Vec<f32>; 2] {
    let slope = |channel: usize, sign: f32| {
        let pairs = normal[channel].iter().zip(&normal[2]);
        let slopes = pairs.map(|(along, up)| sign * (2.0 * along - 1.0) / (2.0 * up - 1.0).max(0.05));
        let slopes: Vec<f32> = slopes.map(|slope| slope.clamp(-STEEPEST, STEEPEST)).collect();
        let mean = slopes.iter().sum::<f32>() / slopes.len().max(1) as f32;
        slopes.into_iter().map(|slope| slope - mean).collect()
    };
    // Rows go down, +Y goes up.
    [slope(0, -1.0), slope(1, 1.0)]
}

/// A height map in pixels, scaled to the slopes by least squares, mean 0; `None` if it does not agree with them.
fn fitted(
    height: Vec<f32>,
    [right, down]: &[Vec<f32>; 2],
    [rows, columns]: [usize; 2],
    tiles: bool,
) -> Option<Vec<f32>> {
    let (mut both, mut own, mut given) = (0.0f64, 0.0f64, 0.0f64);
    let rim = usize::from(!tiles);
    for y in rim..rows - rim {
        for x in rim..columns - rim {
            let at = |y: usize, x: usize| height[y % rows * columns + x % columns];
            let gradient = [at(y, x + 1) - at(y, x + columns - 1), at(y + 1, x) - at(y + rows - 1, x)];
            for (gradient, slope) in gradient.iter().zip([right[y * columns + x], down[y * columns + x]]) {
                let gradient = f64::from(gradient / 2.0);
                both += gradient * f64::from(slope);
                own += gradient * gradient;
                given += f64::from(slope).powi(2);
            }
        }
    }
    if both / (own * given).sqrt().max(1e-12) < f64::from(AGREEMENT) {
        return None;
    }
    let (scale, mean) = ((both / own) as f32, height.iter().sum::<f32>() / height.len() as f32);
    Some(height.into_iter().map(|value| (value - mean) * scale).collect())
}

fn deviation(values: &[f32]) -> f32 {
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt()
}
