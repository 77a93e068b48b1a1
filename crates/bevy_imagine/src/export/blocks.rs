//! Block-compressed textures as files: KTX2 files hold the blocks, PNG files what they show.

use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use imagine_ktx2::{Format, Texture};
use imagine_wgpu::texture_io::{BLOCK_SIDE, Blocks, Pack};

use crate::target::{TexturePlan, TextureSource};

/// The texture of `plan` with its blocks.
pub(super) fn texture(plan: &TexturePlan, levels: Vec<Vec<u8>>) -> Texture {
    let format = match plan.shape.format {
        TextureFormat::Bc4RUnorm => Format::Bc4,
        TextureFormat::Bc5RgUnorm => Format::Bc5,
        TextureFormat::Bc7RgbaUnorm => Format::Bc7,
        _ => Format::Bc7Srgb,
    };
    Texture { format, width: plan.shape.size.x, height: plan.shape.size.y, faces: 1, levels }
}

/// What `blocks` of level 0 show, as the same four bytes that the texture would have without blocks.
pub(super) fn texels(plan: &TexturePlan, what: Blocks, blocks: &[u8]) -> Vec<u8> {
    let UVec2 { x: width, y: height } = plan.shape.size;
    let columns = width.div_ceil(BLOCK_SIDE);
    let mut texels = vec![0; (width * height * 4) as usize];
    for (index, block) in (0..).zip(blocks.chunks_exact(what.bytes() as usize)) {
        let (column, row) = (index % columns, index / columns);
        for (i, texel) in (0..).zip(decoded(plan, what, block)) {
            let (x, y) = (column * BLOCK_SIDE + i % BLOCK_SIDE, row * BLOCK_SIDE + i / BLOCK_SIDE);
            if x < width && y < height {
                texels[((y * width + x) * 4) as usize..][..4].copy_from_slice(&texel);
            }
        }
    }
    texels
}

fn decoded(plan: &TexturePlan, what: Blocks, block: &[u8]) -> [[u8; 4]; 16] {
    match what {
        Blocks::Color { .. } | Blocks::Packed => {
            let mut texels = [[0; 4]; 16];
            bcdec_rs::bc7(block, texels.as_flattened_mut(), 16);
            let keeps_alpha = what == Blocks::Color { alpha: true };
            texels.map(|[red, green, blue, alpha]| [red, green, blue, if keeps_alpha { alpha } else { u8::MAX }])
        }
        Blocks::Normal | Blocks::Pair => {
            let mut pairs = [[0; 2]; 16];
            bcdec_rs::bc5(block, pairs.as_flattened_mut(), 8, false);
            let blue = |x, y| if what == Blocks::Normal { third(x, y) } else { 0 };
            pairs.map(|[x, y]| [x, y, blue(x, y), u8::MAX])
        }
        Blocks::Single => {
            let mut units = [0.0; 16];
            bcdec_rs::bc4_float(block, &mut units, 4, false);
            units.map(|unit| single(plan, unit))
        }
    }
}

/// Blue of the unit vector with these codes of x and y.
fn third(x: u8, y: u8) -> u8 {
    let [x, y] = [x, y].map(|code| f32::from(code) / 127.5 - 1.0);
    ((0.5 + 0.5 * (1.0 - x * x - y * y).max(0.0).sqrt()) * 255.0).round() as u8
}

/// The texel of a texture of which only red is kept.
fn single(plan: &TexturePlan, unit: f32) -> [u8; 4] {
    let red = (unit * 255.0).round() as u8;
    if let TextureSource::Pack(Pack::Deep { .. }, ..) = plan.source {
        let [high, low] = ((unit * 65_535.0).round() as u16).to_be_bytes();
        return [red, high, low, u8::MAX];
    }
    [red, u8::MAX, 0, u8::MAX]
}
