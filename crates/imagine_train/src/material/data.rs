//! A set of PBR materials in kinds, decoded and held in memory at several scales, and the crops drawn from it.
//!
//! Of every material the right quarter of its columns is held back, and of every kind with three or more one whole material;
//! what is held back is cut off before anything is measured or scaled, so that no pixel of it enters what is trained on.
//! Crops lie anywhere, over the upper border where the material tiles, and are the way the material is: turned ones would have
//! another lattice and another light.
//!
//! A set is a folder with a colour map. Sets lie in the folder itself, and `manifest.json` may tell the kind of each
//! (`{"moss001": {"category": "moss"}}`), else its own name is its kind; or they lie in folders that are the kinds. In a pack the
//! group of a file is `<kind>/<set>` and its name that of its map.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imagine_graph::OutputKind;
use rand::Rng;
use rayon::prelude::*;
use serde::Deserialize;

use super::format::{CHANNELS, MAP_CHANNELS, MaterialExemplar};
use super::maps::{Level, Maps};
use super::waves::{WaveBasis, wave_basis};
use crate::data::pack::{self, PackedPicture, sorted};
use crate::data::{find_maps, first_word, sha256_hex};
use crate::error::{ExemplarError, MaterialError, PackError};

/// Scales that materials are held at.
pub const SCALES: [f32; 3] = [1.0, std::f32::consts::FRAC_1_SQRT_2, 0.5];
/// Part of the columns that is trained on, in quarters.
const TRAINED_QUARTERS: usize = 3;
/// A kind with as many materials has one of them held back.
const ENOUGH: usize = 3;

/// One material.
#[derive(Clone, Debug)]
pub struct Material {
    /// Name of its folder.
    pub name: String,
    /// Index of its kind.
    pub kind: usize,
    /// Index among [`MaterialSet::exemplars`]; none if it is held back.
    pub exemplar: Option<usize>,
    /// Which of [`MAPS`](super::format::MAPS) it has.
    pub present: [bool; 6],
    /// Whether its upper and its lower border meet.
    pub tiles: bool,
    /// What is trained on at each of [`SCALES`]; nothing if the material is held back.
    trained: Vec<Level>,
    /// What is held back: the right quarter, or all.
    held_back: Vec<Level>,
}

/// Which part of the materials crops come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is trained on.
    Trained,
    /// The upper half of the strips held back of materials that are trained on.
    UpperStrips,
    /// Their lower half.
    LowerStrips,
    /// Materials that are held back as a whole.
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

/// Crops as a trainer needs them.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialBatch {
    /// `[count, CHANNELS, side, side]`: colour (sRGB), normal x and y (-1 to 1), height, roughness, occlusion, metallic; 0
    /// where a map is missing.
    pub values: Vec<f32>,
    /// `[count, CHANNELS]`: 1 where there is such a map, else 0.
    pub present: Vec<f32>,
    /// Index of each one's kind.
    pub kinds: Vec<usize>,
    /// Index of each one's material among [`MaterialSet::exemplars`]; none if it is held back.
    pub exemplars: Vec<Option<usize>>,
    /// Each one's scale.
    pub scales: Vec<f32>,
    /// Column and row of each one's first texel in its material, in texels at scale 1.
    pub corners: Vec<[f32; 2]>,
    /// Side of the crops.
    pub side: usize,
}

/// One crop of a batch to be filled in.
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
    /// Reads a folder of materials or a pack of one.
    pub fn read(path: &Path) -> Result<Self, MaterialError> {
        Self::new(&read_pictures(path)?, path)
    }

    pub(super) fn new(pictures: &[PackedPicture], path: &Path) -> Result<Self, MaterialError> {
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

    /// What is trained on, in the order of the materials.
    pub fn exemplars(&self) -> Vec<MaterialExemplar> {
        self.trained().map(|material| MaterialExemplar { kind: material.kind, maps: material.present }).collect()
    }

    fn trained(&self) -> impl Iterator<Item = &Material> {
        self.materials.iter().filter(|material| !material.is_held_back())
    }

    /// Largest side of crops that every material trained on has at scale 1.
    pub fn largest_crop(&self) -> usize {
        let sides = |material: &Material| material.trained.first().map(|level| level.height.min(level.width));
        self.materials.iter().filter_map(sides).min().unwrap_or(0)
    }

    /// The waves of each exemplar, at scale 1.
    pub fn wave_bases(&self) -> Vec<WaveBasis> {
        self.trained().collect::<Vec<_>>().par_iter().map(|material| material.wave_basis()).collect()
    }

    /// Indices of materials of `part` with room for crops of `side` at scale 1, of one kind or of all.
    fn members(&self, part: Part, kind: Option<usize>, side: usize) -> Vec<usize> {
        let fits = |(index, material): (usize, &Material)| {
            let level = material.levels(part).first()?;
            let wanted = kind.is_none_or(|kind| kind == material.kind) && level.fits(side);
            (wanted && !material.rows(part, level, side).is_empty()).then_some(index)
        };
        self.materials.iter().enumerate().filter_map(fits).collect()
    }

    /// `count` crops to train on, in groups of `group` of one exemplar and scale: exemplars as often as each other, scales too.
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

    /// `count` crops of `part` of one kind at scale 1, its materials in turn; none if it has no such materials.
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
        Ok(Self { name, kind, exemplar: None, present, tiles, trained, held_back })
    }

    /// The waves of the part trained on. A picture that tiles has whole cycles.
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

    /// Rows at which crops of `side` may begin.
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

/// Crops and what is known of each.
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

/// The values of crops, `[count, CHANNELS, side, side]`, filled in on all processors.
fn filled(crops: &[Crop], side: usize) -> Vec<f32> {
    let area = side * side;
    let mut values = vec![0.0; crops.len() * CHANNELS * area];
    values.par_chunks_exact_mut(CHANNELS * area).zip(crops).for_each(|(values, crop)| {
        crop.level.crop(crop.corner, side, values);
    });
    values
}

/// The file with the kinds of sets.
const MANIFEST: &str = "manifest.json";
/// Largest manifest and largest map that are read.
const MAX_BYTES: u64 = 1 << 24;

/// What a manifest says of a set; more may stand there.
#[derive(Deserialize)]
struct Entry {
    category: String,
}

/// Maps of materials from a folder or a pack.
pub fn read_pictures(path: &Path) -> Result<Vec<PackedPicture>, MaterialError> {
    if path.is_dir() { read_folder(path) } else { Ok(pack::read(path)?) }
}

/// Maps of materials from a folder, sorted.
pub fn read_folder(folder: &Path) -> Result<Vec<PackedPicture>, MaterialError> {
    let kinds = manifest(&folder.join(MANIFEST))?;
    let mut pictures = Vec::new();
    for inner in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = file_name(&inner);
        if let Some(maps) = maps(&inner)? {
            let kind = kinds.get(&name).map_or(&name, |entry| &entry.category);
            add(&format!("{kind}/{name}"), maps, &mut pictures)?;
            continue;
        }
        for set in sorted(&inner)?.into_iter().filter(|path| path.is_dir()) {
            if let Some(maps) = maps(&set)? {
                add(&format!("{name}/{}", file_name(&set)), maps, &mut pictures)?;
            }
        }
    }
    if pictures.is_empty() {
        return Err(MaterialError::Empty { path: folder.to_path_buf() });
    }
    pictures.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    Ok(pictures)
}

fn manifest(path: &Path) -> Result<BTreeMap<String, Entry>, MaterialError> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let malformed = |reason: String| MaterialError::Manifest { path: path.to_path_buf(), reason };
    let entries: BTreeMap<String, Entry> =
        serde_json::from_slice(&read_file(path)?).map_err(|error| malformed(error.to_string()))?;
    match entries.iter().find(|(_, entry)| entry.category.is_empty() || entry.category.contains('/')) {
        Some((name, entry)) => Err(malformed(format!("category {:?} of {name:?} is no name", entry.category))),
        None => Ok(entries),
    }
}

/// The maps that a set has; `None` if the folder is no set. A normal map that was derived from the height is left out.
fn maps(folder: &Path) -> Result<Option<Vec<(OutputKind, PathBuf)>>, MaterialError> {
    let found = match find_maps(folder) {
        Err(ExemplarError::NoColor { .. }) => return Ok(None),
        found => found?,
    };
    let has_height = found.iter().any(|(kind, ..)| *kind == OutputKind::Height);
    let derived = |path: &Path| path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("normal_derived"));
    let kept = found.into_iter().filter(|(_, _, path)| !(has_height && derived(path)));
    Ok(Some(kept.map(|(kind, _, path)| (kind, path)).collect()))
}

fn add(group: &str, maps: Vec<(OutputKind, PathBuf)>, pictures: &mut Vec<PackedPicture>) -> Result<(), MaterialError> {
    for (kind, path) in maps {
        let file = read_file(&path)?;
        pictures.push(PackedPicture { group: group.into(), name: kind.name().into(), caption: String::new(), file });
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<Vec<u8>, MaterialError> {
    let io = |source| PackError::Io { path: path.to_path_buf(), source };
    let length = std::fs::metadata(path).map_err(io)?.len();
    if length > MAX_BYTES {
        let reason = format!("{length} bytes; at most {MAX_BYTES} are read");
        return Err(PackError::Malformed { path: path.to_path_buf(), reason }.into());
    }
    Ok(std::fs::read(path).map_err(io)?)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
pub(crate) mod tests;
