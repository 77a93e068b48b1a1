//! A set of PBR materials in kinds, decoded and held in memory at several scales, and the crops drawn from it.
//!
//! The right quarter of each material is held back, and one whole material of each kind with three or more. Held-back parts are
//! cut off before anything is measured or scaled, so none of their pixels enter training. Crops lie anywhere, across the upper
//! border if the material tiles. They are never rotated, because waves and light have a direction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imagine_exemplar::folder::NormalConvention;
use rand::Rng;
use rayon::prelude::*;

use super::folder::read_pictures;
use super::format::{CHANNELS, MAP_CHANNELS, MaterialExemplar};
use super::maps::{Changes, Level, Maps};
use super::waves::{WaveBasis, wave_basis};
use crate::data::pack::PackedPicture;
use crate::data::{first_word, sha256_hex};
use crate::error::MaterialError;

/// Scales at which materials are kept.
pub const SCALES: [f32; 3] = [1.0, std::f32::consts::FRAC_1_SQRT_2, 0.5];
/// Quarters of the columns to train on.
const TRAINED_QUARTERS: usize = 3;
/// Kinds with this many materials have one held back.
const ENOUGH: usize = 3;

/// One material.
#[derive(Clone, Debug)]
pub struct Material {
    /// Name of its folder.
    pub name: String,
    /// Index of its kind.
    pub kind: usize,
    /// Index among [`MaterialSet::exemplars`]; `None` if it is held back.
    pub exemplar: Option<usize>,
    /// Which of `format::MAPS` it has.
    pub present: [bool; 6],
    /// Whether it tiles vertically.
    pub tiles: bool,
    /// What decoding changed.
    changes: Changes,
    /// The training part at each of [`SCALES`]; empty if the material is held back.
    trained: Vec<Level>,
    /// The held-back part: the right quarter, or all.
    held_back: Vec<Level>,
}

/// The part of the materials that crops come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Training parts.
    Trained,
    /// Upper halves of the held-back strips of training materials.
    UpperStrips,
    /// Lower halves of the same strips.
    LowerStrips,
    /// Materials held back as a whole.
    HeldBack,
}

/// Materials in kinds.
#[derive(Clone, Debug)]
pub struct MaterialSet {
    /// Names of the kinds.
    pub kinds: Vec<String>,
    /// The materials, by kind and name.
    pub materials: Vec<Material>,
    /// SHA-256 over all files used, in hexadecimal.
    pub sha256: String,
}

/// Crops for training.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialBatch {
    /// `[count, CHANNELS, side, side]`: colour (sRGB), normal x and y (-1 to 1), height, roughness, occlusion, metallic; 0
    /// where a map is missing.
    pub values: Vec<f32>,
    /// `[count, CHANNELS]`: 1 for present maps, else 0.
    pub present: Vec<f32>,
    /// Kind of each crop.
    pub kinds: Vec<usize>,
    /// Index of each crop's material among [`MaterialSet::exemplars`]; `None` if it is held back.
    pub exemplars: Vec<Option<usize>>,
    /// Scale of each crop.
    pub scales: Vec<f32>,
    /// Column and row of each crop's first texel in its material, in texels at scale 1.
    pub corners: Vec<[f32; 2]>,
    /// Side of the crops.
    pub side: usize,
}

/// A crop of a batch.
struct Crop<'a> {
    material: &'a Material,
    level: &'a Level,
    /// Row and column of its first texel.
    corner: [usize; 2],
}

impl Crop<'_> {
    /// Column and row of the first texel in the material, in texels at scale 1.
    fn place(&self) -> [f32; 2] {
        let [row, column] = self.corner.map(|at| at as f32 / self.level.scale);
        [self.level.left as f32 + column, row]
    }
}

impl MaterialSet {
    /// Reads a folder of materials or a pack. `normal` is the convention of normal maps whose names do not say it; in a pack they
    /// already have ours.
    pub fn read(path: &Path, normal: Option<NormalConvention>) -> Result<Self, MaterialError> {
        Self::new(&read_pictures(path, normal)?, path)
    }

    /// Decodes the maps of materials; errors name pictures within `path`.
    pub fn new(pictures: &[PackedPicture], path: &Path) -> Result<Self, MaterialError> {
        let mut files: BTreeMap<&str, Vec<&PackedPicture>> = BTreeMap::new();
        pictures.iter().for_each(|picture| files.entry(&picture.group).or_default().push(picture));
        let groups: Vec<(&str, Vec<&PackedPicture>)> = files.into_iter().collect();
        let kind_of = |group: &str| group.split_once('/').map_or(group, |(kind, _)| kind).to_string();
        let mut members: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        groups.iter().for_each(|(group, _)| members.entry(kind_of(group)).or_default().push(group));
        let hash =
            |group: &str| groups.iter().find(|(name, _)| *name == group).map(|(_, files)| first_word(&files[0].file));
        let whole: Vec<&str> = members
            .values()
            .filter(|members| members.len() >= ENOUGH)
            .filter_map(|members| members.iter().copied().min_by_key(|group| hash(group)))
            .collect();
        let kinds: Vec<String> = members.keys().cloned().collect();
        let make = |(group, files): &(&str, Vec<&PackedPicture>)| {
            let kind = kinds.iter().position(|kind| *kind == kind_of(group)).unwrap_or(0);
            Material::new(group, kind, files, whole.contains(group), path)
        };
        let mut materials =
            groups.par_iter().map(make).collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()?;
        if materials.is_empty() {
            return Err(MaterialError::Empty { path: path.to_path_buf() });
        }
        let trained = materials.iter_mut().filter(|material| !material.is_held_back());
        trained.enumerate().for_each(|(index, material)| material.exemplar = Some(index));
        let sha256 = sha256_hex(pictures.iter().map(|picture| &picture.file));
        Ok(Self { kinds, materials, sha256 })
    }

    /// What a person should know about how the maps were read, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let note = |changed: fn(&Changes) -> bool, what: &str| {
            let names =
                self.materials.iter().filter(|material| changed(&material.changes)).map(|material| &*material.name);
            let names: Vec<&str> = names.collect();
            (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
        };
        let alpha = note(|changes| changes.loses_alpha, "alpha of colour maps is left out");
        alpha
            .into_iter()
            .chain(note(|changes| changes.scaled, "maps are scaled down to the smallest of their material"))
            .collect()
    }

    /// The training materials, in order.
    pub fn exemplars(&self) -> Vec<MaterialExemplar> {
        self.trained().map(|material| MaterialExemplar { kind: material.kind, maps: material.present }).collect()
    }

    fn trained(&self) -> impl Iterator<Item = &Material> {
        self.materials.iter().filter(|material| !material.is_held_back())
    }

    /// Largest side of crops that fit all training materials at scale 1.
    pub fn largest_crop(&self) -> usize {
        let sides = |material: &Material| material.trained.first().map(|level| level.height.min(level.width));
        self.materials.iter().filter_map(sides).min().unwrap_or(0)
    }

    /// The waves of each exemplar, at scale 1.
    pub fn wave_bases(&self) -> Vec<WaveBasis> {
        self.trained().collect::<Vec<_>>().par_iter().map(|material| material.wave_basis()).collect()
    }

    /// Indices of materials of `part` that crops of `side` fit at scale 1, of one kind or all.
    fn members(&self, part: Part, kind: Option<usize>, side: usize) -> Vec<usize> {
        let fits = |(index, material): (usize, &Material)| {
            let level = material.levels(part).first()?;
            let wanted = kind.is_none_or(|kind| kind == material.kind) && level.fits(side);
            (wanted && !material.rows(part, level, side).is_empty()).then_some(index)
        };
        self.materials.iter().enumerate().filter_map(fits).collect()
    }

    /// `count` training crops, in groups of `group` of one exemplar and scale, all equally likely.
    pub fn draw(&self, count: usize, group: usize, side: usize, rng: &mut impl Rng) -> MaterialBatch {
        let members = self.members(Part::Trained, None, side);
        let mut crops = Vec::with_capacity(count);
        while crops.len() < count && !members.is_empty() {
            let material = &self.materials[members[rng.random_range(0..members.len())]];
            let levels: Vec<&Level> = material.trained.iter().filter(|level| level.fits(side)).collect();
            let level = levels[rng.random_range(0..levels.len())];
            for _ in 0..group.min(count - crops.len()) {
                crops.push(Crop { material, level, corner: material.corner(Part::Trained, level, side, rng) });
            }
        }
        batch(&crops, side)
    }

    /// `count` crops of `part` of one kind at scale 1, its materials in turn; none without such materials.
    pub fn crops(&self, part: Part, kind: usize, count: usize, side: usize, rng: &mut impl Rng) -> MaterialBatch {
        let members = self.members(part, Some(kind), side);
        let mut crops = Vec::with_capacity(count);
        let first = if members.is_empty() { 0 } else { rng.random_range(0..members.len()) };
        for index in 0..if members.is_empty() { 0 } else { count } {
            let material = &self.materials[members[(first + index) % members.len()]];
            let level = &material.levels(part)[0];
            crops.push(Crop { material, level, corner: material.corner(part, level, side, rng) });
        }
        batch(&crops, side)
    }
}

impl Material {
    fn new(
        group: &str,
        kind: usize,
        files: &[&PackedPicture],
        whole: bool,
        path: &Path,
    ) -> Result<Self, MaterialError> {
        let name = group.split_once('/').map_or(group, |(_, name)| name).to_string();
        let maps = Maps::decode(files, &path.join(PathBuf::from(group)))?;
        let changes = maps.changes;
        let cut = maps.width() * TRAINED_QUARTERS / 4;
        let (left, right) = if whole { (None, maps) } else { maps.split(cut) };
        let shown = left.as_ref().unwrap_or(&right);
        let (tiles, relief) = (shown.tiles(), shown.relief());
        let levels =
            |maps: &Maps, left| SCALES.iter().map(|scale| maps.level(*scale, &relief, left)).collect::<Vec<_>>();
        let trained = left.as_ref().map(|left| levels(left, 0)).unwrap_or_default();
        let held_back = levels(&right, if whole { 0 } else { cut });
        let mut present = [false; 6];
        let mut first = 0;
        for (present, channels) in present.iter_mut().zip(MAP_CHANNELS) {
            *present = !held_back[0].planes[first].is_empty();
            first += channels;
        }
        Ok(Self { name, kind, exemplar: None, present, tiles, changes, trained, held_back })
    }

    /// The waves of the training part. A picture that tiles has whole cycles.
    fn wave_basis(&self) -> WaveBasis {
        let (trained, held_back) = (&self.trained[0], &self.held_back[0]);
        let basis = wave_basis(trained);
        if self.tiles { basis.whole([trained.width + held_back.width, trained.height]) } else { basis }
    }

    /// Whether it is held back as a whole.
    pub fn is_held_back(&self) -> bool {
        self.trained.is_empty()
    }

    fn levels(&self, part: Part) -> &[Level] {
        match part {
            Part::Trained => &self.trained,
            Part::UpperStrips | Part::LowerStrips if !self.is_held_back() => &self.held_back,
            Part::HeldBack if self.is_held_back() => &self.held_back,
            _ => &[],
        }
    }

    /// Possible first rows of crops of `side`.
    fn rows(&self, part: Part, level: &Level, side: usize) -> std::ops::Range<usize> {
        let (height, half) = (level.height, level.height / 2);
        match part {
            Part::UpperStrips => 0..(half + 1).saturating_sub(side),
            Part::LowerStrips => half..(height + 1).saturating_sub(side),
            _ if self.tiles => 0..height,
            _ => 0..(height + 1).saturating_sub(side),
        }
    }

    fn corner(&self, part: Part, level: &Level, side: usize, rng: &mut impl Rng) -> [usize; 2] {
        [rng.random_range(self.rows(part, level, side)), rng.random_range(0..=level.width - side)]
    }
}

/// The batch of some crops.
fn batch(crops: &[Crop], side: usize) -> MaterialBatch {
    let channels: Vec<usize> =
        MAP_CHANNELS.iter().enumerate().flat_map(|(map, count)| std::iter::repeat_n(map, *count)).collect();
    let present =
        crops.iter().flat_map(|crop| channels.iter().map(|map| f32::from(u8::from(crop.material.present[*map]))));
    MaterialBatch {
        values: filled(crops, side),
        present: present.collect(),
        kinds: crops.iter().map(|crop| crop.material.kind).collect(),
        exemplars: crops.iter().map(|crop| crop.material.exemplar).collect(),
        scales: crops.iter().map(|crop| crop.level.scale).collect(),
        corners: crops.iter().map(Crop::place).collect(),
        side,
    }
}

/// The values of crops, `[count, CHANNELS, side, side]`.
fn filled(crops: &[Crop], side: usize) -> Vec<f32> {
    let area = side * side;
    let mut values = vec![0.0; crops.len() * CHANNELS * area];
    values.par_chunks_exact_mut(CHANNELS * area).zip(crops).for_each(|(values, crop)| {
        crop.level.crop(crop.corner, side, values);
    });
    values
}

#[cfg(test)]
pub(crate) mod tests;
