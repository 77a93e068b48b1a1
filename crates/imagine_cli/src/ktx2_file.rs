//! Outputs as KTX2 files with all mip levels: one texture, or the six faces of a cubemap.

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use imagine_graph::{GraphOutput, OutputKind, Tensor};
use imagine_ktx2::{Average, Format, Texture, levels};

use crate::picture::{LARGEST_HALF, NOT_A_NUMBER, bytes, unit_image};
use crate::recipe::Recipe;

/// How a texture is made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// Blocks that GPUs read: BC7 for colours, BC5 for normals, BC4 for single values, BC6H for HDR.
    Bc,
    /// Zstandard, which loaders undo.
    Zstd,
}

/// Encodes one image, or the faces of a cubemap.
pub fn encode(
    output: &GraphOutput,
    images: &[Tensor],
    compressions: &[Compression],
    recipe: &Recipe,
) -> anyhow::Result<Vec<u8>> {
    let faces = images.iter().map(|image| face(output, image)).collect::<anyhow::Result<Vec<_>>>()?;
    let Some(first) = faces.first() else { bail!("output {:?}: no image", output.name) };
    let level = |index: usize| faces.iter().flat_map(|face| face.levels[index].clone()).collect();
    let texture =
        Texture { levels: (0..first.levels.len()).map(level).collect(), faces: faces.len() as u32, ..first.clone() };
    let texture = match compressions.contains(&Compression::Bc) {
        true => {
            texture.in_blocks(output.kind == OutputKind::Normal).with_context(|| format!("output {:?}", output.name))?
        }
        false => texture,
    };
    let encode =
        if compressions.contains(&Compression::Zstd) { imagine_ktx2::encode_zstd } else { imagine_ktx2::encode };
    Ok(encode(&texture, recipe.source(), &recipe.to_text())?)
}

fn face(output: &GraphOutput, image: &Tensor) -> anyhow::Result<Texture> {
    if output.kind == OutputKind::Radiance {
        return radiance(output, image);
    }
    let found = unit_image(output, image)?;
    let size = [found.width, found.height];
    let average = match output.kind {
        OutputKind::Normal => Average::Normal,
        _ if found.is_srgb => Average::Srgb,
        _ => Average::Linear,
    };
    let (format, values, channels) = match (found.channels, found.is_srgb) {
        (1, _) => (Format::R8, found.values, 1),
        (channels, true) => (Format::Rgba8Srgb, four_channels(&found.values, channels), 4),
        (channels, false) => (Format::Rgba8, four_channels(&found.values, channels), 4),
    };
    let levels = levels(&values, size, channels, average, bytes);
    Ok(Texture { format, width: size[0] as u32, height: size[1] as u32, faces: 1, levels })
}

fn radiance(output: &GraphOutput, image: &Tensor) -> anyhow::Result<Texture> {
    let (Some(values), &[1, 3, height, width]) = (image.as_f32(), image.shape.as_slice()) else {
        bail!("output {:?}: expected floats [1, 3, height, width], found {}", output.name, image.tensor_type());
    };
    ensure!(values.iter().all(|value| !value.is_nan()), "output {:?} {NOT_A_NUMBER}", output.name);
    let area = height * width;
    let texel = |i: usize| [values[i], values[i + area], values[i + 2 * area], 1.0];
    let texels: Vec<f32> = (0..area).flat_map(texel).map(|value| value.clamp(0.0, LARGEST_HALF)).collect();
    let halves = |values: &[f32]| values.iter().flat_map(|value| half::f16::from_f32(*value).to_le_bytes()).collect();
    let levels = levels(&texels, [width, height], 4, Average::Linear, halves);
    Ok(Texture { format: Format::Rgba16Float, width: width as u32, height: height as u32, faces: 1, levels })
}

/// Pads texels to four channels: colour with 0, alpha with 1.
fn four_channels(values: &[f32], channels: usize) -> Vec<f32> {
    let texel = |texel: &[f32]| [0, 1, 2, 3].map(|c| texel.get(c).copied().unwrap_or(if c == 3 { 1.0 } else { 0.0 }));
    values.chunks(channels).flat_map(texel).collect()
}
