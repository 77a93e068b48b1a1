//! HDR radiance as Radiance files (RGBE), and as tone-mapped 8-bit pictures.

use anyhow::{bail, ensure};
use image::Rgb;
use image::codecs::hdr::HdrEncoder;
use imagine_graph::color::linear_to_srgb;
use imagine_graph::{GraphOutput, Tensor};
use imagine_png::{MAX_RECIPE_BYTES, Picture, ReadError, Samples};

use crate::picture::NOT_A_NUMBER;
use crate::recipe::Recipe;

/// First line of a Radiance file; the recipe follows as a header variable.
const FIRST_LINE: &[u8] = b"#?RADIANCE\n";
/// What the line with the recipe begins with.
const VARIABLE: &[u8] = b"IMAGINE=";

/// Encodes an output `[1, 3, height, width]` as a Radiance file. Equal values and recipes give equal bytes.
pub fn encode(output: &GraphOutput, tensor: &Tensor, recipe: &Recipe) -> anyhow::Result<Vec<u8>> {
    let (pixels, [height, width]) = pixels(output, tensor)?;
    let pixels: Vec<Rgb<f32>> = pixels.into_iter().map(Rgb).collect();
    let mut bytes = Vec::new();
    HdrEncoder::new(&mut bytes).encode(&pixels, width, height)?;
    ensure!(bytes.starts_with(FIRST_LINE), "the encoder wrote no Radiance file");
    let variable = [VARIABLE, recipe.to_text().as_bytes(), b"\n"].concat();
    bytes.splice(FIRST_LINE.len()..FIRST_LINE.len(), variable);
    Ok(bytes)
}

/// The recipe in the header of a Radiance file.
pub fn recipe(bytes: &[u8]) -> Result<String, ReadError> {
    // The header ends with an empty line; pixels, which are no text, follow.
    let lines = bytes.split(|byte| *byte == b'\n').skip(1).take_while(|line| !line.is_empty());
    let variable = lines.into_iter().find_map(|line| line.strip_prefix(VARIABLE)).ok_or(ReadError::Missing)?;
    if variable.len() > MAX_RECIPE_BYTES {
        return Err(ReadError::Long);
    }
    Ok(String::from_utf8_lossy(variable).into_owned())
}

/// Tone-maps HDR radiance, brightened by `stops`, with Narkowicz's fit of the ACES film curve (2015) per channel.
pub fn tone_map(output: &GraphOutput, tensor: &Tensor, stops: f32) -> anyhow::Result<Picture> {
    let (pixels, [height, width]) = pixels(output, tensor)?;
    let gain = stops.exp2();
    let film = |v: f32| {
        // Above this the curve is flat and v * v would overflow.
        let v = (v * gain).min(1e6);
        (v * (2.51 * v + 0.03) / (v * (2.43 * v + 0.59) + 0.14)).clamp(0.0, 1.0)
    };
    let byte = |v: f32| (linear_to_srgb(film(v)) * 255.0).round() as u8;
    let samples = Samples::Eight(pixels.into_iter().flatten().map(byte).collect());
    Ok(Picture { width: width as u32, height: height as u32, channels: 3, is_srgb: true, samples })
}

/// Pixels row by row from the top, clipped to the output's range, and `[height, width]`.
fn pixels(output: &GraphOutput, tensor: &Tensor) -> anyhow::Result<(Vec<[f32; 3]>, [usize; 2])> {
    let name = &output.name;
    let (Some(values), &[1, 3, height, width]) = (tensor.as_f32(), tensor.shape.as_slice()) else {
        bail!("output {name:?}: expected floats [1, 3, height, width], found {}", tensor.tensor_type());
    };
    ensure!(!values.iter().any(|value| value.is_nan()), "output {name:?} {NOT_A_NUMBER}");
    let [low, high] = output.range;
    let count = height * width;
    let pixel = |index: usize| [0, 1, 2].map(|channel| values[channel * count + index].clamp(low, high));
    Ok(((0..count).map(pixel).collect(), [height, width]))
}

#[cfg(test)]
mod tests {
    use imagine_graph::OutputKind;

    use super::*;

    #[test]
    fn tone_mapping_is_monotonic_and_keeps_black() {
        let radiance = GraphOutput::new("radiance", OutputKind::Radiance);
        let tensor = Tensor::f32([1, 3, 1, 2], [0.0, 0.2, 0.0, 1.0, 0.0, 60_000.0]);
        let shown = |stops: f32| match tone_map(&radiance, &tensor, stops).unwrap().samples {
            Samples::Eight(bytes) => bytes,
            Samples::Sixteen(_) => panic!("tone-mapped pictures have 8 bits"),
        };
        let bytes = shown(0.0);
        assert_eq!(bytes[..3], [0, 0, 0]);
        assert!(bytes[3] < bytes[4] && bytes[4] < 255, "{bytes:?}");
        assert_eq!(bytes[5], 255);
        assert!(shown(1.0)[3] > bytes[3]);
        let wrong = Tensor::f32([1, 3, 1, 1], [f32::NAN, 0.0, 0.0]);
        assert!(tone_map(&radiance, &wrong, 0.0).is_err());
    }
}
