//! From an output's numbers to 8-bit pixels: range to 0..255, and colour with the sRGB curve, whatever the file stores.

use anyhow::{bail, ensure};
use imagine_graph::color::linear_to_srgb;
use imagine_graph::{ColorSpace, GraphOutput, OutputKind, Tensor};
use imagine_png::Picture;

/// Whether an output can be an 8-bit picture at all; states and HDR cannot.
pub fn can_show(output: &GraphOutput) -> bool {
    let [low, high] = output.range;
    let is_finite = low > f32::MIN && high < f32::MAX && high > low;
    is_finite && !matches!(output.kind, OutputKind::State | OutputKind::Radiance)
}

/// An output's numbers from 0 to 1, channels interleaved.
pub struct Units {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Channels, 1 to 4.
    pub channels: usize,
    /// Whether it is a colour, which then has the sRGB curve.
    pub is_srgb: bool,
    /// Rows from the top.
    pub values: Vec<f32>,
}

/// Pixels of an output `[1, channels, height, width]`.
///
/// The output's range becomes 0 to 255; values outside are clipped. A normal's -1 to 1 therefore becomes the usual
/// picture with +Y up.
pub fn picture(output: &GraphOutput, tensor: &Tensor) -> anyhow::Result<Picture> {
    let Units { width, height, channels, is_srgb, values } = units(output, tensor)?;
    let (width, height) = (width as u32, height as u32);
    Ok(Picture { width, height, channels, is_srgb, bytes: bytes(&values) })
}

/// The nearest bytes.
pub fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().map(|unit| (unit * 255.0).round() as u8).collect()
}

/// As [`picture`], not yet rounded.
pub fn units(output: &GraphOutput, tensor: &Tensor) -> anyhow::Result<Units> {
    let name = &output.name;
    ensure!(can_show(output), "output {name:?} ({}) cannot be an 8-bit picture", output.kind.name());
    let (Some(values), &[1, channels @ 1..=4, height, width]) = (tensor.as_f32(), tensor.shape.as_slice()) else {
        bail!("output {name:?}: [1, 1 to 4, height, width] floats expected, found {}", tensor.tensor_type());
    };
    let is_color = matches!(output.kind, OutputKind::BaseColor | OutputKind::Emissive);
    let [low, high] = output.range;
    let pixels = height * width;
    let mut units = vec![0.0; values.len()];
    for (index, value) in values.iter().enumerate() {
        ensure!(!value.is_nan(), "output {name:?} holds a number that is none (NaN)");
        let (channel, pixel) = (index / pixels, index % pixels);
        let mut unit = ((value - low) / (high - low)).clamp(0.0, 1.0);
        if is_color && output.color_space == ColorSpace::Linear && channel < 3 {
            unit = linear_to_srgb(unit);
        }
        units[pixel * channels + channel] = unit;
    }
    Ok(Units { width, height, channels, is_srgb: is_color, values: units })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_channels_become_bytes() {
        let normal = GraphOutput::new("n", OutputKind::Normal);
        let tensor = Tensor::f32([1, 3, 1, 2], [-1.0, 1.0, 0.0, 5.0, -9.0, 0.5]);
        let made = picture(&normal, &tensor).unwrap();
        assert_eq!((made.bytes.as_slice(), made.is_srgb), (&[0, 128, 0, 255, 255, 191][..], false));
    }

    #[test]
    fn linear_colour_gets_the_curve_and_stored_srgb_does_not() {
        let mut color = GraphOutput::new("c", OutputKind::BaseColor);
        let tensor = Tensor::f32([1, 3, 1, 1], [0.5, 0.0, 1.0]);
        assert_eq!(picture(&color, &tensor).unwrap().bytes, [128, 0, 255]);
        color.color_space = ColorSpace::Linear;
        assert_eq!(picture(&color, &tensor).unwrap().bytes, [188, 0, 255]);
        let roughness = GraphOutput::new("r", OutputKind::Roughness);
        assert_eq!(picture(&roughness, &Tensor::f32([1, 1, 1, 1], [0.5])).unwrap().bytes, [128]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let color = GraphOutput::new("c", OutputKind::BaseColor);
        assert!(picture(&color, &Tensor::f32([1, 3, 1, 1], [0.5, f32::NAN, 1.0])).is_err());
        assert!(picture(&color, &Tensor::f32([3, 1, 1], [0.5, 0.0, 1.0])).is_err());
        assert!(picture(&GraphOutput::new("s", OutputKind::State), &Tensor::f32([1, 1, 1, 1], [0.5])).is_err());
    }
}
