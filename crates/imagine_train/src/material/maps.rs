//! The maps of one material: decoding, relief and tiling measured from them, the bytes that crops are taken from.
//!
//! Heights of all materials are scaled to units of [`RELIEF`] texels: so that their slopes match the normal map, or without one
//! to slopes of deviation 0.35. A height that contradicts the normal map is left out. Without a normal map, normals are computed
//! from the height. A mean tilt of a normal map is removed.

use std::path::Path;

use imagine_exemplar::picture;
use imagine_graph::OutputKind;
use imagine_graph::color::linear_to_srgb;

use super::format::{CHANNELS, MAPS, RELIEF};
use crate::data::pack::PackedPicture;
use crate::data::{Planes, Samples, common_size};
use crate::error::{ExemplarError, MaterialError};

/// Smallest and largest side of a map.
const SIDES: [usize; 2] = [64, 4096];
/// Standard deviation of slopes without a normal map.
const USUAL_SLOPE: f32 = 0.35;
/// With a smaller correlation, slopes of height and normals contradict each other.
const LEAST_AGREEMENT: f32 = 0.5;
/// Normals with a smaller `nz` are flattened, which keeps slopes finite.
const LEAST_NZ: f32 = 0.2;
/// Largest contrast across the border, relative to neighbouring rows, of a material that tiles.
const SEAMLESS: f32 = 2.0;
/// The byte of a normal's 0.
const MIDDLE: f32 = 127.0;

/// Decoded maps of equal size, the smallest of the files': colour in linear light, normals -1 to 1, the others 0 to 1.
pub(super) struct Maps {
    maps: Vec<(OutputKind, Planes)>,
    pub changes: Changes,
}

/// What decoding changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changes {
    /// The colour map had an alpha that is left out.
    pub loses_alpha: bool,
    /// Maps of several sizes were scaled to the smallest.
    pub scaled: bool,
}

/// The scale of heights and the tilt of normals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relief {
    /// Mean height and texels per unit; `None` if the height is left out.
    height: Option<[f32; 2]>,
    /// Mean slopes of the normal map.
    tilt: [f32; 2],
}

/// One material at one scale, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// [`CHANNELS`] planes, empty for missing maps.
    pub planes: Vec<Vec<u8>>,
    pub height: usize,
    pub width: usize,
    pub scale: f32,
    /// Its first column in the picture, in texels of the picture.
    pub left: usize,
}

impl Maps {
    pub fn decode(files: &[&PackedPicture], path: &Path) -> Result<Self, MaterialError> {
        let unreadable = |name: &str| {
            let path = path.join(name);
            |source| ExemplarError::Picture { path, source: Box::new(source) }
        };
        let mut sizes: Vec<[u32; 2]> = Vec::new();
        let mut kinds: Vec<(OutputKind, &PackedPicture)> = Vec::new();
        for file in files {
            kinds.push((map_of(file, path)?, file));
        }
        kinds.sort_by_key(|(kind, _)| *kind != OutputKind::BaseColor);
        if kinds.first().is_none_or(|(kind, _)| *kind != OutputKind::BaseColor) {
            return Err(ExemplarError::NoColor { path: path.to_path_buf() }.into());
        }
        for (_, file) in &kinds {
            let size = picture::open(&file.file).map_err(unreadable(&file.name))?.size();
            check_size(size, &path.join(&file.name))?;
            sizes.push(size);
        }
        let [width, height] = common_size(&sizes).map_err(|index| {
            let path = path.join(&kinds[index].1.name);
            ExemplarError::SizeMismatch { path, expected: sizes[0], found: sizes[index] }
        })?;
        let mut maps: Vec<(OutputKind, Planes)> = Vec::new();
        for (kind, file) in kinds {
            let samples = match kind {
                OutputKind::BaseColor => Samples::Color,
                OutputKind::Normal => Samples::Normal,
                _ => Samples::Value,
            };
            let picture = picture::decode(&file.file).map_err(unreadable(&file.name))?;
            maps.push((kind, Planes::scaled(&picture, samples, height as usize, width as usize)));
        }
        let changes = Changes {
            loses_alpha: maps.iter().any(|(_, planes)| planes.loses_alpha),
            scaled: sizes.iter().any(|size| *size != [width, height]),
        };
        Ok(Self { maps, changes })
    }

    pub fn width(&self) -> usize {
        self.maps[0].1.width
    }

    /// The maps left of `column`, and the rest.
    pub fn split(self, column: usize) -> (Option<Self>, Self) {
        let cut = |range: std::ops::Range<usize>| {
            let maps = self.maps.iter().map(|(kind, planes)| (*kind, columns(planes, range.clone()))).collect();
            Self { maps, changes: self.changes }
        };
        (Some(cut(0..column)), cut(column..self.width()))
    }

    /// Whether the last row continues with the first.
    pub fn tiles(&self) -> bool {
        let color = self.find(OutputKind::BaseColor).expect("a material has a colour");
        let row = |plane: &[f32], y: usize| plane[y * color.width..(y + 1) * color.width].to_vec();
        let difference = |plane: &[f32], a: usize, b: usize| -> f32 {
            row(plane, a).iter().zip(row(plane, b)).map(|(a, b)| (a - b).abs()).sum()
        };
        let (mut seam, mut usual) = (0.0, 0.0);
        for plane in &color.channels {
            seam += difference(plane, color.height - 1, 0);
            usual += (1..color.height).map(|y| difference(plane, y - 1, y)).sum::<f32>() / (color.height - 1) as f32;
        }
        seam <= SEAMLESS * usual
    }

    /// The scale of its heights and the tilt of its normals.
    pub fn relief(&self) -> Relief {
        let normal = self.find(OutputKind::Normal).map(slopes_of_normals);
        let tilt = normal.as_ref().map_or([0.0; 2], |slopes| [0, 1].map(|axis| mean(&slopes[axis])));
        let height = self.find(OutputKind::Height).and_then(|planes| {
            let middle = mean(&planes.channels[0]);
            let found = slopes_of_height(&planes.channels[0], planes.height, planes.width);
            let squares = energy(&found);
            let texels = match &normal {
                _ if squares < 1e-12 => return None,
                None => USUAL_SLOPE / squares.sqrt(),
                Some(slopes) => {
                    let product =
                        (0..2).map(|axis| product(&slopes[axis], tilt[axis], &found[axis])).sum::<f32>() / 2.0;
                    let spread = (0..2).map(|axis| product_of(&slopes[axis], tilt[axis])).sum::<f32>() / 2.0;
                    if product < LEAST_AGREEMENT * (squares * spread).sqrt() {
                        return None;
                    }
                    product / squares
                }
            };
            Some([middle, texels])
        });
        Relief { height, tilt }
    }

    /// The bytes at `scale`, for maps that begin at column `left` of the picture.
    pub fn level(&self, scale: f32, relief: &Relief, left: usize) -> Level {
        let first = &self.maps[0].1;
        let side = |length: usize| ((length as f32 * scale).round() as usize).max(1);
        let (height, width) = (side(first.height), side(first.width));
        let mut planes = vec![Vec::new(); CHANNELS];
        let scaled = |kind| self.find(kind).map(|planes| planes.scale_by_area(height, width));
        for (channel, values) in scaled(OutputKind::BaseColor).into_iter().flat_map(|color| color.channels).enumerate()
        {
            planes[channel] = values.iter().map(|value| byte(linear_to_srgb(*value))).collect();
        }
        let heights = relief.height.zip(scaled(OutputKind::Height)).map(|([middle, texels], map)| {
            let texels = texels * scale / RELIEF;
            map.channels[0].iter().map(|value| 0.5 + (value - middle) * texels).collect::<Vec<f32>>()
        });
        let slopes = match (scaled(OutputKind::Normal), &heights) {
            (Some(normal), _) => Some((slopes_of_normals(&normal), relief.tilt)),
            (None, Some(heights)) => {
                let texels: Vec<f32> = heights.iter().map(|value| value * RELIEF).collect();
                Some((slopes_of_height(&texels, height, width), [0.0; 2]))
            }
            (None, None) => None,
        };
        if let Some((slopes, tilt)) = slopes {
            let [x, y] = normals(&slopes, tilt);
            (planes[3], planes[4]) = (x, y);
        }
        if let Some(heights) = heights {
            planes[5] = heights.into_iter().map(byte).collect();
        }
        for (channel, kind) in [(6, OutputKind::Roughness), (7, OutputKind::Occlusion), (8, OutputKind::Metallic)] {
            if let Some(map) = scaled(kind) {
                planes[channel] = map.channels[0].iter().map(|value| byte(*value)).collect();
            }
        }
        Level { planes, height, width, scale, left }
    }

    fn find(&self, kind: OutputKind) -> Option<&Planes> {
        self.maps.iter().find(|(found, _)| *found == kind).map(|(_, planes)| planes)
    }
}

impl Level {
    /// Whether crops of `side` fit.
    pub fn fits(&self, side: usize) -> bool {
        side <= self.width && side <= self.height
    }

    /// Writes the crop `[CHANNELS, side, side]` at `[row, column]`. Rows wrap, columns do not.
    pub fn crop(&self, [top, left]: [usize; 2], side: usize, values: &mut [f32]) {
        for (channel, values) in values.chunks_exact_mut(side * side).enumerate() {
            let plane = &self.planes[channel];
            if plane.is_empty() {
                continue;
            }
            let normal = channel == 3 || channel == 4;
            for (y, values) in values.chunks_exact_mut(side).enumerate() {
                let first = (top + y) % self.height * self.width + left;
                for (value, byte) in values.iter_mut().zip(&plane[first..first + side]) {
                    let byte = f32::from(*byte);
                    *value = if normal { (byte - MIDDLE) / MIDDLE } else { byte / 255.0 };
                }
            }
        }
    }
}

/// The map in a file of a pack.
fn map_of(picture: &PackedPicture, path: &Path) -> Result<OutputKind, MaterialError> {
    let known = MAPS.into_iter().find(|map| map.name() == picture.name);
    known.ok_or_else(|| MaterialError::UnknownMap {
        path: path.join(&picture.name),
        expected: MAPS.map(OutputKind::name).to_vec(),
    })
}

/// Fails before decoding if the picture is too small or too large.
fn check_size(found: [u32; 2], path: &Path) -> Result<(), MaterialError> {
    let [least, most] = SIDES.map(|side| side as u32);
    if found.iter().any(|side| *side < least) {
        return Err(ExemplarError::TooSmall { path: path.to_path_buf(), found, least }.into());
    }
    if found.iter().any(|side| *side > most) {
        return Err(ExemplarError::TooLarge { path: path.to_path_buf(), found, most }.into());
    }
    Ok(())
}

fn columns(planes: &Planes, range: std::ops::Range<usize>) -> Planes {
    let cut = |plane: &Vec<f32>| plane.chunks_exact(planes.width).flat_map(|row| row[range.clone()].to_vec()).collect();
    Planes {
        channels: planes.channels.iter().map(cut).collect(),
        height: planes.height,
        width: range.len(),
        loses_alpha: planes.loses_alpha,
    }
}

/// Slopes `nx / nz` and `ny / nz`.
fn slopes_of_normals(planes: &Planes) -> [Vec<f32>; 2] {
    let slope = |axis: usize| {
        let along = planes.channels[axis].iter().zip(&planes.channels[2]);
        along.map(|(n, z)| n / z.max(LEAST_NZ)).collect::<Vec<f32>>()
    };
    [slope(0), slope(1)]
}

/// Sobel slopes with the signs of a normal map, as in the generator's graph. Rows wrap.
fn slopes_of_height(values: &[f32], height: usize, width: usize) -> [Vec<f32>; 2] {
    let at = |y: usize, dy: i64, x: usize, dx: i64| {
        let y = (y as i64 + dy).rem_euclid(height as i64) as usize;
        // Columns end at the held-back part.
        let x = (x as i64 + dx).clamp(0, width as i64 - 1) as usize;
        values[y * width + x]
    };
    let mut slopes = [vec![0.0; values.len()], vec![0.0; values.len()]];
    for y in 0..height {
        for x in 0..width {
            let across = |dy| at(y, dy, x, 1) - at(y, dy, x, -1);
            let down = |dx| at(y, 1, x, dx) - at(y, -1, x, dx);
            slopes[0][y * width + x] = -(across(-1) + 2.0 * across(0) + across(1)) / 8.0;
            slopes[1][y * width + x] = (down(-1) + 2.0 * down(0) + down(1)) / 8.0;
        }
    }
    slopes
}

/// Bytes of x and y of unit normals with these slopes, minus the tilt.
fn normals(slopes: &[Vec<f32>; 2], tilt: [f32; 2]) -> [Vec<u8>; 2] {
    let mut bytes = [Vec::with_capacity(slopes[0].len()), Vec::with_capacity(slopes[0].len())];
    for (x, y) in slopes[0].iter().zip(&slopes[1]) {
        let slope = [x - tilt[0], y - tilt[1]];
        let length = (slope[0] * slope[0] + slope[1] * slope[1] + 1.0).sqrt();
        for (bytes, slope) in bytes.iter_mut().zip(slope) {
            bytes.push((MIDDLE + slope / length * MIDDLE).round() as u8);
        }
    }
    bytes
}

fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len().max(1) as f64) as f32
}

/// Mean square of both slopes.
fn energy(slopes: &[Vec<f32>; 2]) -> f32 {
    slopes.iter().map(|slopes| product_of(slopes, 0.0)).sum::<f32>() / 2.0
}

/// Mean square of `value - middle`.
fn product_of(values: &[f32], middle: f32) -> f32 {
    values.iter().map(|value| (value - middle) * (value - middle)).sum::<f32>() / values.len().max(1) as f32
}

/// Mean of `(a - middle) * b`.
fn product(a: &[f32], middle: f32, b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - middle) * b).sum::<f32>() / a.len().max(1) as f32
}
