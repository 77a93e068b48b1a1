//! HDR radiance as Radiance files (RGBE), and as tone-mapped 8-bit pictures.

use anyhow::{bail, ensure};
use image::Rgb;
use image::codecs::hdr::HdrEncoder;
use imagine_graph::color::linear_to_srgb;
use imagine_graph::{GraphOutput, Tensor};
use imagine_png::Picture;

use crate::picture::NOT_A_NUMBER;
use crate::recipe::Recipe;

/// First line of a Radiance file; the recipe follows as a header variable.
const FIRST_LINE: &[u8] = b"#?RADIANCE\n";

/// Encodes an output `[1, 3, height, width]` as a Radiance file. Equal values and recipes give equal bytes.
pub fn encode(output: &GraphOutput, tensor: &Tensor, recipe: &Recipe) -> anyhow::Result<Vec<u8>> {
    let (pixels, [height, width]) = pixels(output, tensor)?;
    let pixels: Vec<Rgb<f32>> = pixels.into_iter().map(Rgb).collect();
    let mut bytes = Vec::new();
    HdrEncoder::new(&mut bytes).encode(&pixels, width, height)?;
    ensure!(bytes.starts_with(FIRST_LINE), "the encoder wrote no Radiance file");
    let variable = format!("IMAGINE={}\n", recipe.to_text());
    bytes.splice(FIRST_LINE.len()..FIRST_LINE.len(), variable.into_bytes());
    Ok(bytes)
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
    let bytes = pixels.into_iter().flatten().map(byte).collect();
    Ok(Picture { width: width as u32, height: height as u32, channels: 3, is_srgb: true, bytes })
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
        let shown = tone_map(&radiance, &tensor, 0.0).unwrap();
        assert_eq!(shown.bytes[..3], [0, 0, 0]);
        assert!(shown.bytes[3] < shown.bytes[4] && shown.bytes[4] < 255, "{:?}", shown.bytes);
        assert_eq!(shown.bytes[5], 255);
        assert!(tone_map(&radiance, &tensor, 1.0).unwrap().bytes[3] > shown.bytes[3]);
        let wrong = Tensor::f32([1, 3, 1, 1], [f32::NAN, 0.0, 0.0]);
        assert!(tone_map(&radiance, &wrong, 0.0).is_err());
    }
}
