//! The exemplar of a living texture: one picture, or the maps of a PBR folder, scaled to a working size and normalised to
//! channels of zero mean and unit variance.
//!
//! | map | channels in the state | stored as |
//! |---|---|---|
//! | base colour | 3 | sRGB values 0 to 1 |
//! | normal | 2 | slopes `nx/nz`, `ny/nz`, centred at 0; any state decodes to a unit normal |
//! | height, roughness, occlusion, metallic | 1 each | value 0 to 1 |
//!
//! A constant map takes no channel; its value is stored.

use std::path::Path;

use imagine_exemplar::folder::{MapData, MapFile, NormalConvention, find_maps};
use imagine_graph::color::linear_to_srgb;
use imagine_graph::{OutputKind, Provenance};

use crate::data::{Planes, Samples, common_size, sha256_hex, trained_maps};
use crate::error::ExemplarError;

/// A map with a smaller standard deviation counts as constant.
const CONSTANT: f32 = 1e-3;
/// Sides are multiples of this, so that pyramid levels have whole pixels.
const SIDE_MULTIPLE: u32 = 16;
/// Smallest side.
const LEAST_SIDE: u32 = 32;
/// Normals with a smaller `nz` are flattened, which keeps slopes finite.
const LEAST_NZ: f32 = 0.2;

/// Options of reading an exemplar.
#[derive(Clone, Debug, PartialEq)]
pub struct ExemplarOptions {
    /// Pixels along the shorter side after scaling, at least 32. Pictures are never enlarged. Default 128.
    pub side: u32,
    /// Whether the picture tiles. Default true.
    pub tiles: bool,
    /// The convention of a normal map whose name does not say it; default `None`: what its slopes tell.
    pub normal: Option<NormalConvention>,
}

impl Default for ExemplarOptions {
    fn default() -> Self {
        Self { side: 128, tiles: true, normal: None }
    }
}

/// One map of an exemplar.
#[derive(Clone, Debug, PartialEq)]
pub struct ExemplarMap {
    /// Its meaning.
    pub kind: OutputKind,
    /// Mean of each channel before normalisation.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel before normalisation; 0 for a constant map.
    pub std: Vec<f32>,
    /// Normalised values, `[channel][row * width + column]`; empty for a constant map.
    pub channels: Vec<Vec<f32>>,
}

/// A normalised picture or material to train on.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// The maps, colour first.
    pub maps: Vec<ExemplarMap>,
    /// Height in pixels, a multiple of 16.
    pub height: usize,
    /// Width in pixels, a multiple of 16.
    pub width: usize,
    /// Whether it tiles.
    pub tiles: bool,
    /// SHA-256 over all files used, in the order of [`Self::maps`], in hexadecimal.
    pub sha256: String,
    /// Name of the picture or folder.
    pub name: String,
    /// What a person should know about how the files were read, a sentence each.
    pub notes: Vec<String>,
}

impl Exemplar {
    /// Reads a picture (colour alone) or a folder of maps. Maps may differ in size, not in proportions.
    pub fn load(path: &Path, options: &ExemplarOptions) -> Result<Self, ExemplarError> {
        let files =
            if path.is_dir() { trained_maps(&find_maps(path)?) } else { vec![(Samples::Color, MapFile::color(path))] };
        let opened = files.iter().map(|(_, map)| map.open()).collect::<Result<Vec<MapData>, _>>()?;
        let sizes: Vec<[u32; 2]> = opened.iter().map(MapData::size).collect();
        if let Some(index) = sizes.iter().position(|size| size.iter().any(|side| *side < LEAST_SIDE)) {
            let path = files[index].1.path.clone();
            return Err(ExemplarError::TooSmall { path, found: sizes[index], least: LEAST_SIDE });
        }
        let smallest = common_size(&sizes).map_err(|index| {
            let path = files[index].1.path.clone();
            ExemplarError::SizeMismatch { path, expected: sizes[0], found: sizes[index] }
        })?;
        let [width, height] = working_size(smallest, options.side.max(LEAST_SIDE));
        let mut notes = Vec::new();
        let mut decoded: Vec<(OutputKind, Planes)> = Vec::new();
        // One picture after the other: each may be large.
        for ((samples, map), data) in files.iter().zip(&opened) {
            let planes = Planes::scaled(&data.picture(options.normal)?, *samples, height, width);
            if planes.loses_alpha {
                notes.push(format!("{}: alpha is left out: a living texture has none", map.path.display()));
            }
            decoded.push((map.kind, planes));
        }
        let maps: Vec<_> = decoded.into_iter().map(|(kind, planes)| normalise(kind, encode(kind, planes))).collect();
        if maps.iter().all(ExemplarMap::is_constant) {
            return Err(ExemplarError::Constant { path: path.to_path_buf() });
        }
        let sha256 = sha256_hex(opened.iter().map(MapData::bytes));
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { maps, height, width, tiles: options.tiles, sha256, name, notes })
    }

    /// Channels of state that the maps take.
    pub fn channels(&self) -> usize {
        self.maps.iter().map(|map| map.channels.len()).sum()
    }

    /// All normalised channels, `[channel, row, column]`.
    pub fn values(&self) -> Vec<f32> {
        self.maps.iter().flat_map(|map| map.channels.iter().flatten().copied()).collect()
    }

    /// Provenance for the generator's card: `given` with the hash filled in, and the name if it has none.
    pub fn provenance(&self, given: &Provenance) -> Provenance {
        let name = if given.name.is_empty() { self.name.clone() } else { given.name.clone() };
        Provenance { name, sha256: self.sha256.clone(), ..given.clone() }
    }
}

impl ExemplarMap {
    /// Whether the map has one value everywhere.
    pub fn is_constant(&self) -> bool {
        self.channels.is_empty()
    }
}

/// Width and height whose shorter side is at most `side`, with nearly the same aspect ratio.
fn working_size(found: [u32; 2], side: u32) -> [usize; 2] {
    let shorter = found[0].min(found[1]);
    let scale = f64::from(side.min(shorter)) / f64::from(shorter);
    found.map(|length| {
        let multiple = f64::from(SIDE_MULTIPLE);
        let most = (length / SIDE_MULTIPLE) * SIDE_MULTIPLE;
        let scaled = (f64::from(length) * scale / multiple).round() * multiple;
        (scaled as u32).clamp(LEAST_SIDE, most) as usize
    })
}

/// The channels of a scaled map in the state.
fn encode(kind: OutputKind, planes: Planes) -> Vec<Vec<f32>> {
    let mut channels = planes.channels;
    match kind {
        OutputKind::BaseColor => channels.iter_mut().flatten().for_each(|v| *v = linear_to_srgb(*v)),
        OutputKind::Normal => {
            let nz = channels.pop().unwrap_or_default();
            for (index, nz) in nz.into_iter().enumerate() {
                let (nx, ny) = (channels[0][index], channels[1][index]);
                let nz = nz / (nx * nx + ny * ny + nz * nz).sqrt().max(1e-6);
                let tilt = (nx * nx + ny * ny).sqrt().max(1e-6);
                // Slopes in the direction of the tilt, no steeper than the limit.
                let nz = nz.clamp(LEAST_NZ, 1.0);
                let slope = (1.0 - nz * nz).sqrt() / nz / tilt;
                channels[0][index] = nx * slope;
                channels[1][index] = ny * slope;
            }
        }
        _ => {}
    }
    channels
}

fn normalise(kind: OutputKind, mut channels: Vec<Vec<f32>>) -> ExemplarMap {
    let moments = |channel: &Vec<f32>| {
        let count = channel.len() as f64;
        let mean = channel.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let variance = channel.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
        (mean as f32, variance.sqrt() as f32)
    };
    let (mut mean, mut std): (Vec<f32>, Vec<f32>) = channels.iter().map(moments).unzip();
    let constant = std.iter().all(|&s| s < CONSTANT);
    if constant {
        channels.clear();
        std.iter_mut().for_each(|s| *s = 0.0);
    }
    for (channel, (mean, std)) in channels.iter_mut().zip(mean.iter().zip(&std)) {
        channel.iter_mut().for_each(|v| *v = (*v - mean) / std.max(CONSTANT));
    }
    // A surface is flat on the whole: a mean tilt is an error of the scan.
    if kind == OutputKind::Normal {
        mean.iter_mut().for_each(|m| *m = 0.0);
    }
    ExemplarMap { kind, mean, std, channels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let wave = |x: u32, y: u32| (128.0 + 90.0 * ((x as f32 * 0.3).sin() * (y as f32 * 0.2).cos())) as u8;
        let save = |name: &str, pixel: &dyn Fn(u32, u32) -> [u8; 3]| {
            image::RgbImage::from_fn(96, 64, |x, y| image::Rgb(pixel(x, y))).save(folder.path().join(name)).unwrap();
        };
        save("color.png", &|x, y| [wave(x, y), wave(y, x), 40]);
        save("normal.png", &|x, y| [wave(x, y) / 2 + 96, 140, 230]);
        save("roughness.png", &|x, y| [wave(y, x + 9); 3]);
        save("metallic.png", &|_, _| [255; 3]);
        folder
    }

    #[test]
    fn a_folder_gives_normalised_channels_and_constants() {
        let folder = folder();
        // Waves across each other are no surface, and tell no convention.
        let options = ExemplarOptions { side: 32, ..ExemplarOptions::default() };
        let message = Exemplar::load(folder.path(), &options).unwrap_err().to_string();
        assert!(message.contains("normal.png: neither the name nor the slopes"), "{message}");
        let options = ExemplarOptions { normal: Some(NormalConvention::OpenGl), ..options };
        let exemplar = Exemplar::load(folder.path(), &options).unwrap();
        assert_eq!((exemplar.height, exemplar.width), (32, 48));
        let kinds: Vec<_> = exemplar.maps.iter().map(|m| (m.kind, m.channels.len())).collect();
        use OutputKind::*;
        assert_eq!(kinds, [(BaseColor, 3), (Normal, 2), (Roughness, 1), (Metallic, 0)]);
        assert!((exemplar.maps[3].mean[0] - 1.0).abs() < 1e-6);
        assert_eq!(exemplar.maps[1].mean, [0.0, 0.0]);
        let red = &exemplar.maps[0].channels[0];
        let mean = red.iter().sum::<f32>() / red.len() as f32;
        let variance = red.iter().map(|v| v * v).sum::<f32>() / red.len() as f32;
        assert!(mean.abs() < 1e-3 && (variance - 1.0).abs() < 1e-3, "{mean} {variance}");
        assert_eq!(exemplar.values().len(), exemplar.channels() * 32 * 48);
        assert_eq!(exemplar.sha256.len(), 64);
    }

    #[test]
    fn errors_name_the_file() {
        let folder = folder();
        let load = |path: &Path| Exemplar::load(path, &ExemplarOptions::default()).unwrap_err().to_string();
        image::GrayImage::new(64, 64).save(folder.path().join("height.png")).unwrap();
        assert!(load(folder.path()).contains("height.png: 64x64 pixels, but the colour map has 96x64"));
        std::fs::write(folder.path().join("height.png"), b"no picture").unwrap();
        assert!(load(folder.path()).contains("height.png: "));
        std::fs::remove_file(folder.path().join("color.png")).unwrap();
        assert!(load(folder.path()).contains("no colour map"));
        assert!(load(&folder.path().join("absent.png")).contains("absent.png: "));
        image::RgbImage::new(64, 64).save(folder.path().join("black.png")).unwrap();
        assert!(load(&folder.path().join("black.png")).contains("one constant value"));
        image::RgbImage::new(64, 8).save(folder.path().join("thin.png")).unwrap();
        assert!(load(&folder.path().join("thin.png")).contains("at least 32"));
    }
}
