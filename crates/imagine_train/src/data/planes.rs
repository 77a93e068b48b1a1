//! A picture as planes of floats: decoding, down-scaling by area.

use std::path::Path;

use imagine_graph::color::srgb_to_linear;

use crate::error::ExemplarError;

/// Planes of floats, `[channel][row * width + column]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planes {
    /// One plane per channel.
    pub channels: Vec<Vec<f32>>,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
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

impl Planes {
    /// Decodes a picture: colour as linear light, normals from -1 to 1, values from 0 to 1.
    pub fn decode(path: &Path, bytes: &[u8], samples: Samples) -> Result<Self, ExemplarError> {
        let picture = image::load_from_memory(bytes)
            .map_err(|source| ExemplarError::Picture { path: path.to_path_buf(), source })?;
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let (interleaved, count) = match samples {
            Samples::Value => (picture.into_luma8_or_16(), 1),
            Samples::Color | Samples::Normal => (picture.into_rgb32f().into_raw(), 3),
        };
        let decode = |v: f32| match samples {
            Samples::Color => srgb_to_linear(v),
            Samples::Normal => v * 2.0 - 1.0,
            Samples::Value => v,
        };
        let plane = |channel| interleaved.iter().skip(channel).step_by(count).map(|&v| decode(v)).collect();
        Ok(Self { channels: (0..count).map(plane).collect(), height, width })
    }

    /// Each output pixel is the mean over the area that it covers; the result is never larger.
    pub fn scale_by_area(&self, height: usize, width: usize) -> Self {
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
        Self { channels: self.channels.iter().map(scale).collect(), height, width }
    }
}

/// Grey values 0 to 1 without a colour conversion: a grey file keeps its 8 or 16 bits exactly.
trait IntoGrey {
    fn into_luma8_or_16(self) -> Vec<f32>;
}

impl IntoGrey for image::DynamicImage {
    fn into_luma8_or_16(self) -> Vec<f32> {
        match self {
            image::DynamicImage::ImageLuma8(grey) => {
                grey.into_raw().into_iter().map(|v| f32::from(v) / 255.0).collect()
            }
            other => other.into_luma16().into_raw().into_iter().map(|v| f32::from(v) / 65_535.0).collect(),
        }
    }
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

    #[test]
    fn area_scaling_keeps_the_mean_at_any_ratio() {
        let plane: Vec<f32> = (0..7 * 10).map(|i| ((i * 37) % 11) as f32).collect();
        let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
        let planes = Planes { channels: vec![plane.clone()], height: 7, width: 10 };
        let small = planes.scale_by_area(3, 4);
        assert!((mean(&small.channels[0]) - mean(&plane)).abs() < 1e-4);
        assert_eq!(planes.scale_by_area(7, 10), planes);
    }

    #[test]
    fn a_black_and_white_checkerboard_averages_in_linear_light() {
        let mut bytes = Vec::new();
        let checker = image::RgbImage::from_fn(4, 4, |x, y| image::Rgb([if (x + y) % 2 == 0 { 0 } else { 255 }; 3]));
        checker.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        let planes = Planes::decode(Path::new("checker.png"), &bytes, Samples::Color).unwrap().scale_by_area(2, 2);
        assert!((linear_to_srgb(planes.channels[0][0]) * 255.0 - 188.0).abs() < 0.6);
    }
}
