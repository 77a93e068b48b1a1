//! Converts outputs to 8-bit pixels: maps the output's range to 0..255 and encodes colour as sRGB.

use anyhow::{bail, ensure};
use imagine_graph::color::linear_to_srgb;
use imagine_graph::{ColorSpace, GraphOutput, OutputKind, Tensor};
use imagine_png::Picture;

/// What is wrong with an output that holds NaN, after its name.
pub const NOT_A_NUMBER: &str = "has values that are no numbers (NaN): try another seed or other values of inputs";

/// Whether an 8-bit picture can show the output; states and HDR cannot be shown.
pub fn can_show(output: &GraphOutput) -> bool {
    let [low, high] = output.range;
    let is_finite = low > f32::MIN && high < f32::MAX && high > low;
    is_finite && !matches!(output.kind, OutputKind::State | OutputKind::Radiance)
}

/// An output scaled to 0..1, channels interleaved.
pub struct UnitImage {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Channels, 1 to 4.
    pub channels: usize,
    /// Whether it is colour, encoded as sRGB.
    pub is_srgb: bool,
    /// Values row by row from the top.
    pub values: Vec<f32>,
}

/// Converts an output `[1, channels, height, width]` to an 8-bit picture.
///
/// The output's range becomes 0 to 255; values outside are clipped. A normal map therefore gets the usual encoding, +Y up.
pub fn picture(output: &GraphOutput, tensor: &Tensor) -> anyhow::Result<Picture> {
    let UnitImage { width, height, channels, is_srgb, values } = unit_image(output, tensor)?;
    let (width, height) = (width as u32, height as u32);
    Ok(Picture { width, height, channels, is_srgb, bytes: bytes(&values) })
}

/// Rounds values from 0..1 to bytes.
pub fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().map(|unit| (unit * 255.0).round() as u8).collect()
}

/// As [`picture`], but not rounded to bytes.
pub fn unit_image(output: &GraphOutput, tensor: &Tensor) -> anyhow::Result<UnitImage> {
    let name = &output.name;
    ensure!(can_show(output), "output {name:?} ({}) cannot be shown as an 8-bit picture", output.kind.name());
    let (Some(values), &[1, channels @ 1..=4, height, width]) = (tensor.as_f32(), tensor.shape.as_slice()) else {
        bail!("output {name:?}: expected floats [1, 1 to 4, height, width], found {}", tensor.tensor_type());
    };
    let is_color = matches!(output.kind, OutputKind::BaseColor | OutputKind::Emissive);
    let [low, high] = output.range;
    let pixels = height * width;
    let mut units = vec![0.0; values.len()];
    for (index, value) in values.iter().enumerate() {
        ensure!(!value.is_nan(), "output {name:?} {NOT_A_NUMBER}");
        let (channel, pixel) = (index / pixels, index % pixels);
        let mut unit = ((value - low) / (high - low)).clamp(0.0, 1.0);
        if is_color && output.color_space == ColorSpace::Linear && channel < 3 {
            unit = linear_to_srgb(unit);
        }
        units[pixel * channels + channel] = unit;
    }
    Ok(UnitImage { width, height, channels, is_srgb: is_color, values: units })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_scaled_clipped_and_interleaved() {
        let normal = GraphOutput::new("n", OutputKind::Normal);
        let tensor = Tensor::f32([1, 3, 1, 2], [-1.0, 1.0, 0.0, 5.0, -9.0, 0.5]);
        let made = picture(&normal, &tensor).unwrap();
        assert_eq!((made.bytes.as_slice(), made.is_srgb), (&[0, 128, 0, 255, 255, 191][..], false));
    }

    #[test]
    fn only_linear_colour_is_encoded_as_srgb() {
        let mut color = GraphOutput::new("c", OutputKind::BaseColor);
        let tensor = Tensor::f32([1, 3, 1, 1], [0.5, 0.0, 1.0]);
        assert_eq!(picture(&color, &tensor).unwrap().bytes, [128, 0, 255]);
        color.color_space = ColorSpace::Linear;
        assert_eq!(picture(&color, &tensor).unwrap().bytes, [188, 0, 255]);
        let roughness = GraphOutput::new("r", OutputKind::Roughness);
        assert_eq!(picture(&roughness, &Tensor::f32([1, 1, 1, 1], [0.5])).unwrap().bytes, [128]);
    }

    #[test]
    fn nan_wrong_shapes_and_states_are_refused() {
        let color = GraphOutput::new("c", OutputKind::BaseColor);
        assert!(picture(&color, &Tensor::f32([1, 3, 1, 1], [0.5, f32::NAN, 1.0])).is_err());
        assert!(picture(&color, &Tensor::f32([3, 1, 1], [0.5, 0.0, 1.0])).is_err());
        assert!(picture(&GraphOutput::new("s", OutputKind::State), &Tensor::f32([1, 1, 1, 1], [0.5])).is_err());
    }
}
