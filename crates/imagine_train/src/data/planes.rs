//! A picture as planes of floats, and down-scaling by area.
//!
//! Pictures are converted row by row while they are scaled, so that a large one never becomes floats as a whole.

use image::DynamicImage;
use imagine_exemplar::picture::Picture;
use imagine_graph::color::srgb_to_linear;
use rayon::prelude::*;

/// Planes of floats, `[channel][row * width + column]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planes {
    /// One plane per channel.
    pub channels: Vec<Vec<f32>>,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Whether the picture had an alpha that is left out.
    pub loses_alpha: bool,
}

/// The meaning of a picture's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Samples {
    /// sRGB colour; averaged as light.
    Color,
    /// A tangent-space normal as `n / 2 + 1/2`; averaged as vectors.
    Normal,
    /// One linear value.
    Value,
}

impl Samples {
    fn channels(self) -> usize {
        if self == Samples::Value { 1 } else { 3 }
    }

    /// The meaning of a stored value, 0 to 1: colour as linear light, normals from -1 to 1.
    fn decode(self, stored: f32) -> f32 {
        match self {
            Samples::Color => srgb_to_linear(stored),
            Samples::Normal => stored * 2.0 - 1.0,
            Samples::Value => stored,
        }
    }

    /// Row `y` of a picture, channels interleaved; `of_byte` is the meaning of each stored byte.
    fn row(self, pixels: &DynamicImage, y: u32, of_byte: &[f32]) -> Vec<f32> {
        let row = pixels.crop_imm(0, y, pixels.width(), 1);
        let bytes = |bytes: Vec<u8>| bytes.into_iter().map(|byte| of_byte[usize::from(byte)]).collect();
        match (self, row) {
            (Samples::Value, DynamicImage::ImageLuma8(grey)) => bytes(grey.into_raw()),
            // No colour conversion: a grey file keeps its 16 bits exactly.
            (Samples::Value, row) => {
                let deep = row.into_luma16().into_raw().into_iter();
                deep.map(|value| self.decode(f32::from(value) / 65_535.0)).collect()
            }
            (_, row) if row.color().bytes_per_pixel() == row.color().channel_count() => {
                bytes(row.into_rgb8().into_raw())
            }
            (_, row) => row.into_rgb32f().into_raw().into_iter().map(|value| self.decode(value)).collect(),
        }
    }
}

impl Planes {
    /// A picture of sRGB colour, normals or values, scaled down: colour as linear light, normals from -1 to 1, values from 0 to 1. Each
    /// pixel is the mean over the area that it covers.
    pub fn scaled(picture: &Picture, samples: Samples, height: usize, width: usize) -> Self {
        let pixels = &picture.pixels;
        let (rows, columns) = (coverage(pixels.height() as usize, height), coverage(pixels.width() as usize, width));
        let count = samples.channels();
        let of_byte: Vec<f32> = (0..=u8::MAX).map(|byte| samples.decode(f32::from(byte) / 255.0)).collect();
        let narrow = |y: usize| -> Vec<f32> {
            let row = samples.row(pixels, y as u32, &of_byte);
            let mean = |cells: &[(usize, f32)], channel: usize| -> f32 {
                cells.iter().map(|&(x, weight)| row[x * count + channel] * weight).sum()
            };
            columns
                .iter()
                .flat_map(|cells| (0..count).map(|channel| mean(cells, channel)).collect::<Vec<_>>())
                .collect()
        };
        let wide: Vec<Vec<f32>> = rows.par_iter().map(|cells| weighted_sum(cells, narrow)).collect();
        let plane = |channel| wide.iter().flat_map(|row| row.iter().skip(channel).step_by(count).copied()).collect();
        let loses_alpha = samples == Samples::Color && picture.is_transparent();
        Self { channels: (0..count).map(plane).collect(), height, width, loses_alpha }
    }
}

/// The sum of rows with their weights.
fn weighted_sum(cells: &[(usize, f32)], row: impl Fn(usize) -> Vec<f32>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    for &(y, weight) in cells {
        let values = row(y);
        sum.resize(values.len(), 0.0);
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * weight);
    }
    sum
}

/// For each output cell, the input cells that it covers, with weights that sum to 1.
fn coverage(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let ratio = from as f64 / to as f64;
    let cell = |index: usize| {
        let (low, high) = (index as f64 * ratio, (index + 1) as f64 * ratio);
        let last = (high.ceil() as usize).min(from);
        let overlap = |i: usize| ((i + 1) as f64).min(high) - (i as f64).max(low);
        (low as usize..last).map(|i| (i, (overlap(i) / ratio) as f32)).filter(|&(_, w)| w > 0.0).collect()
    };
    (0..to).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use imagine_graph::color::linear_to_srgb;

    use super::*;

    impl Planes {
        /// Each output pixel is the mean over the area that it covers, from the planes as a whole.
        fn scale_by_area(&self, height: usize, width: usize) -> Self {
            let rows = coverage(self.height, height);
            let columns = coverage(self.width, width);
            let scale = |plane: &Vec<f32>| {
                let narrow: Vec<f32> = plane
                    .chunks_exact(self.width)
                    .flat_map(|row| columns.iter().map(|c| c.iter().map(|&(x, w)| row[x] * w).sum::<f32>()))
                    .collect();
                rows.iter()
                    .flat_map(|r| {
                        let narrow = &narrow;
                        (0..width).map(move |x| r.iter().map(|&(y, w)| narrow[y * width + x] * w).sum::<f32>())
                    })
                    .collect()
            };
            Self { channels: self.channels.iter().map(scale).collect(), height, width, loses_alpha: self.loses_alpha }
        }
    }

    #[test]
    fn area_scaling_keeps_the_mean_at_any_ratio() {
        let plane: Vec<f32> = (0..7 * 10).map(|i| ((i * 37) % 11) as f32).collect();
        let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
        let planes = Planes { channels: vec![plane.clone()], height: 7, width: 10, loses_alpha: false };
        let small = planes.scale_by_area(3, 4);
        assert!((mean(&small.channels[0]) - mean(&plane)).abs() < 1e-4);
        assert_eq!(planes.scale_by_area(7, 10), planes);
    }

    #[test]
    fn a_black_and_white_checkerboard_averages_in_linear_light() {
        let checker = image::RgbImage::from_fn(4, 4, |x, y| image::Rgb([if (x + y) % 2 == 0 { 0 } else { 255 }; 3]));
        let picture = Picture { pixels: checker.into(), is_linear: false };
        let planes = Planes::scaled(&picture, Samples::Color, 2, 2);
        assert!((linear_to_srgb(planes.channels[0][0]) * 255.0 - 188.0).abs() < 0.6);
    }

    #[test]
    fn a_picture_is_scaled_while_it_is_read_as_its_planes_would_be() {
        let picture = image::RgbaImage::from_fn(37, 23, |x, y| {
            image::Rgba([(x * 6) as u8, (y * 11) as u8, (x * y) as u8, if x == 3 { 9 } else { 255 }])
        });
        for samples in [Samples::Color, Samples::Normal, Samples::Value] {
            let picture = Picture { pixels: picture.clone().into(), is_linear: false };
            let whole = Planes::scaled(&picture, samples, 23, 37);
            assert_eq!(whole.loses_alpha, samples == Samples::Color);
            assert_eq!(Planes::scaled(&picture, samples, 10, 13), whole.scale_by_area(10, 13), "{samples:?}");
            let deep = Picture { pixels: picture.pixels.to_rgb16().into(), is_linear: false };
            let deep = Planes::scaled(&deep, samples, 23, 37);
            let worst = deep.channels.iter().flatten().zip(whole.channels.iter().flatten());
            assert!(worst.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-4, "{samples:?}");
        }
    }
}
