//! The exemplar: one picture, or all maps of a material, as normalised channels at the resolution of training.

use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageBuffer, Rgb};
use imagine_graph::OutputKind;
use sha2::{Digest, Sha256};

use crate::architecture::automaton::MapReadout;

/// Largest picture that is read, in pixels a side.
const MAX_SIDE: u32 = 16_384;
/// A channel that varies less than this is constant: it is left out of the state and comes from the readout alone.
const CONSTANT: f32 = 2e-3;

/// Why an exemplar cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExemplarError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The fault.
        error: std::io::Error,
    },
    /// A file is no picture, or too large.
    #[error("{}: {error}", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// The fault.
        error: image::ImageError,
    },
    /// A folder without a colour map.
    #[error("{}: no color.jpg or color.png in this folder", path.display())]
    NoColor {
        /// The folder.
        path: PathBuf,
    },
}

/// An exemplar at the resolution of training.
#[derive(Clone, Debug)]
pub struct Exemplar {
    /// Side in pixels.
    pub side: usize,
    /// How each map is read from the channels.
    pub maps: Vec<MapReadout>,
    /// Channels `[visible, side, side]`, each with mean 0 and variance 1.
    pub channels: Vec<f32>,
    /// SHA-256 over the files in the order of the maps, hexadecimal.
    pub sha256: String,
}

/// File names of each map, without ending, in the order in which they are looked for.
const FILES: [(OutputKind, &[&str]); 6] = [
    (OutputKind::BaseColor, &["color"]),
    (OutputKind::Normal, &["normal", "normal_derived"]),
    (OutputKind::Roughness, &["roughness"]),
    (OutputKind::Height, &["height"]),
    (OutputKind::Occlusion, &["ao"]),
    (OutputKind::Metallic, &["metallic"]),
];

impl Exemplar {
    /// Reads a picture, or a folder with `color` and, as far as there, `normal`, `roughness`, `height`, `ao`, `metallic`.
    pub fn load(path: &Path, side: usize) -> Result<Self, ExemplarError> {
        let mut exemplar = Self { side, maps: Vec::new(), channels: Vec::new(), sha256: String::new() };
        let mut hash = Sha256::new();
        for (kind, file) in files(path)? {
            let bytes = std::fs::read(&file).map_err(|error| ExemplarError::Read { path: file.clone(), error })?;
            hash.update(&bytes);
            let picture = decode(&bytes).map_err(|error| ExemplarError::Image { path: file, error })?;
            exemplar.add(kind, planes(kind, &picture, side));
        }
        exemplar.sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(exemplar)
    }

    /// Number of channels that vary.
    pub fn visible(&self) -> usize {
        self.channels.len() / (self.side * self.side)
    }

    fn add(&mut self, kind: OutputKind, planes: Vec<Vec<f32>>) {
        let moments: Vec<(f32, f32)> = planes.iter().map(|plane| moments(plane)).collect();
        let first_channel = self.visible();
        let varies = moments.iter().any(|(_, deviation)| *deviation > CONSTANT);
        let constant = |(mean, _): &(f32, f32)| (*mean, 0.0);
        let moments = if varies { moments } else { moments.iter().map(constant).collect() };
        if varies {
            for (plane, (mean, deviation)) in planes.iter().zip(&moments) {
                self.channels.extend(plane.iter().map(|v| (v - mean) / deviation.max(1e-6)));
            }
        }
        let (mean, deviation) = moments.into_iter().unzip();
        let first_channel = if varies { first_channel } else { 0 };
        self.maps.push(MapReadout { kind, first_channel, mean, deviation });
    }
}

fn files(path: &Path) -> Result<Vec<(OutputKind, PathBuf)>, ExemplarError> {
    let kind = std::fs::metadata(path).map_err(|error| ExemplarError::Read { path: path.into(), error })?;
    if !kind.is_dir() {
        return Ok(vec![(OutputKind::BaseColor, path.into())]);
    }
    let find = |name: &&str| ["jpg", "jpeg", "png"].map(|end| path.join(name).with_extension(end)).into_iter().find(|p| p.is_file());
    let found: Vec<_> = FILES.iter().filter_map(|(kind, names)| Some((*kind, names.iter().find_map(find)?))).collect();
    if found.first().is_none_or(|(kind, _)| *kind != OutputKind::BaseColor) {
        return Err(ExemplarError::NoColor { path: path.into() });
    }
    Ok(found)
}

fn decode(bytes: &[u8]) -> image::ImageResult<DynamicImage> {
    let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    reader.decode()
}

/// The map's planes at `side`, in the output's units. Colour is averaged as light, normals are renormalised and centred.
fn planes(kind: OutputKind, picture: &DynamicImage, side: usize) -> Vec<Vec<f32>> {
    let picture = picture.to_rgb32f();
    let color = kind == OutputKind::BaseColor;
    let picture = if color { map(picture, srgb_to_linear) } else { picture };
    let side = side as u32;
    let scaled = if picture.dimensions() == (side, side) {
        picture
    } else {
        image::imageops::resize(&picture, side, side, FilterType::CatmullRom)
    };
    let scaled = if color { map(scaled, linear_to_srgb) } else { scaled };
    let plane = |channel: usize| scaled.pixels().map(|p| p.0[channel]).collect::<Vec<_>>();
    match kind {
        OutputKind::BaseColor => (0..3).map(plane).collect(),
        OutputKind::Normal => normal_planes([plane(0), plane(1)]),
        _ => vec![plane(0)],
    }
}

type Picture = ImageBuffer<Rgb<f32>, Vec<f32>>;

fn map(mut picture: Picture, curve: impl Fn(f32) -> f32) -> Picture {
    picture.iter_mut().for_each(|v| *v = curve(*v));
    picture
}

/// Normals with mean x and y of 0: a tilt of the whole surface is a fault of the scan.
fn normal_planes(stored: [Vec<f32>; 2]) -> Vec<Vec<f32>> {
    let centred = stored.map(|plane| {
        let mean = moments(&plane).0;
        plane.iter().map(|v| ((v - mean) * 2.0).clamp(-0.99, 0.99)).collect::<Vec<f32>>()
    });
    let z = centred[0].iter().zip(&centred[1]).map(|(x, y)| (1.0 - x * x - y * y).max(0.05).sqrt()).collect();
    let [x, y] = centred;
    vec![x, y, z]
}

fn moments(values: &[f32]) -> (f32, f32) {
    let count = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count;
    (mean as f32, variance.sqrt() as f32)
}

/// The sRGB transfer curve, IEC 61966-2-1.
fn srgb_to_linear(v: f32) -> f32 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn linear_to_srgb(v: f32) -> f32 {
    let v = v.clamp(0.0, 1.0);
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}
