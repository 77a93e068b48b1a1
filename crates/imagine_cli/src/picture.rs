//! Converts outputs to pixels: maps the output's range to 0 to 255 or 65535 and encodes colour as sRGB. Both come from the output's
//! floats, so 16 bits are no stretched 8.

use anyhow::{Context, bail, ensure};
use imagine_exemplar::picture::Samples as Conversion;
use imagine_graph::{ColorSpace, GraphOutput, OutputKind, Tensor};
use imagine_png::{Picture, Samples};

use crate::file_format::Depth;

/// What is wrong with an output that holds NaN, after its name.
pub const NOT_A_NUMBER: &str = "has values that are no numbers (NaN): try another seed or other values of inputs";

/// Largest finite 16-bit float.
pub const LARGEST_HALF: f32 = 65_504.0;

/// Whether a picture can show the output; states and HDR cannot be shown.
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

/// Converts an output `[1, channels, height, width]` to a picture of 8 bits a channel, or of 16.
///
/// The output's range becomes 0 to 255 or 65535; values outside are clipped. A normal map therefore gets the usual encoding, +Y up.
pub fn picture(output: &GraphOutput, tensor: &Tensor, depth: Depth) -> anyhow::Result<Picture> {
    let Planes { width, height, conversion, values } = planes(output, tensor)?;
    let samples = match depth {
        Depth::Eight => conversion.bytes(values).map(Samples::Eight),
        Depth::Sixteen => conversion.words(values).map(Samples::Sixteen),
        Depth::Float => bail!("output {:?}: a picture of integers has 8 or 16 bits a channel", output.name),
    };
    let samples = samples.with_context(|| format!("output {:?} {NOT_A_NUMBER}", output.name))?;
    let (width, height, channels) = (width as u32, height as u32, conversion.channels);
    Ok(Picture { width, height, channels, is_srgb: is_color(output), samples })
}

/// Rounds values from 0..1 to bytes.
pub fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().map(|unit| (unit * 255.0).round() as u8).collect()
}

/// As [`picture`], but not rounded to bytes.
pub fn unit_image(output: &GraphOutput, tensor: &Tensor) -> anyhow::Result<UnitImage> {
    let Planes { width, height, conversion, values } = planes(output, tensor)?;
    let units = conversion.units(values).with_context(|| format!("output {:?} {NOT_A_NUMBER}", output.name))?;
    Ok(UnitImage { width, height, channels: conversion.channels, is_srgb: is_color(output), values: units })
}

/// The planes of an output `[1, channels, height, width]`, and how they become samples.
struct Planes<'a> {
    width: usize,
    height: usize,
    conversion: Conversion,
    values: &'a [f32],
}

fn planes<'a>(output: &GraphOutput, tensor: &'a Tensor) -> anyhow::Result<Planes<'a>> {
    let name = &output.name;
    ensure!(can_show(output), "output {name:?} ({}) cannot be shown as a picture", output.kind.name());
    let (Some(values), &[1, channels @ 1..=4, height, width]) = (tensor.as_f32(), tensor.shape.as_slice()) else {
        bail!("output {name:?}: expected floats [1, 1 to 4, height, width], found {}", tensor.tensor_type());
    };
    let encode_srgb = is_color(output) && output.color_space == ColorSpace::Linear;
    let conversion = Conversion { channels, range: output.range, encode_srgb };
    Ok(Planes { width, height, conversion, values })
}

fn is_color(output: &GraphOutput) -> bool {
    matches!(output.kind, OutputKind::BaseColor | OutputKind::Emissive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_scaled_clipped_and_interleaved() {
        let normal = GraphOutput::new("n", OutputKind::Normal);
        let tensor = Tensor::f32([1, 3, 1, 2], [-1.0, 1.0, 0.0, 5.0, -9.0, 0.5]);
        let made = picture(&normal, &tensor, Depth::Eight).unwrap();
        assert_eq!((made.samples, made.is_srgb), (Samples::Eight(vec![0, 128, 0, 255, 255, 191]), false));
    }

    #[test]
    fn sixteen_bits_hold_steps_between_bytes() {
        let height = GraphOutput::new("h", OutputKind::Height);
        let values: Vec<f32> = (0..1000).map(|index| 0.5 + index as f32 * 1e-5).collect();
        let tensor = Tensor::f32([1, 1, 1, 1000], values.clone());
        let Samples::Sixteen(words) = picture(&height, &tensor, Depth::Sixteen).unwrap().samples else { panic!() };
        let worst = words.iter().zip(&values).map(|(word, value)| (f32::from(*word) / 65_535.0 - value).abs());
        assert!(worst.fold(0.0, f32::max) < 1e-5);
        let distinct: std::collections::BTreeSet<u16> = words.into_iter().collect();
        assert!(distinct.len() > 600, "{} steps; 8 bits have 3", distinct.len());
    }

    #[test]
    fn only_linear_colour_is_encoded_as_srgb() {
        let mut color = GraphOutput::new("c", OutputKind::BaseColor);
        let tensor = Tensor::f32([1, 3, 1, 1], [0.5, 0.0, 1.0]);
        let bytes = |output: &GraphOutput, tensor: &Tensor| picture(output, tensor, Depth::Eight).unwrap().samples;
        assert_eq!(bytes(&color, &tensor), Samples::Eight(vec![128, 0, 255]));
        color.color_space = ColorSpace::Linear;
        assert_eq!(bytes(&color, &tensor), Samples::Eight(vec![188, 0, 255]));
        let roughness = GraphOutput::new("r", OutputKind::Roughness);
        assert_eq!(bytes(&roughness, &Tensor::f32([1, 1, 1, 1], [0.5])), Samples::Eight(vec![128]));
    }

    #[test]
    fn nan_wrong_shapes_and_states_are_refused() {
        let color = GraphOutput::new("c", OutputKind::BaseColor);
        let refused = |output: &GraphOutput, tensor: Tensor| assert!(picture(output, &tensor, Depth::Eight).is_err());
        refused(&color, Tensor::f32([1, 3, 1, 1], [0.5, f32::NAN, 1.0]));
        refused(&color, Tensor::f32([3, 1, 1], [0.5, 0.0, 1.0]));
        refused(&GraphOutput::new("s", OutputKind::State), Tensor::f32([1, 1, 1, 1], [0.5]));
    }
}
