//! Textures in blocks of 4x4 texels, which GPUs read directly: BC4 for one channel, BC5 for normals, BC6H for radiance, BC7 for
//! colours. The encoder is the port of Intel's ISPC texture compressor in `block_compression`.

use block_compression::encode::{compress_rgba8, compress_rgba16};
use block_compression::half::f16;
use block_compression::{BC6HSettings, BC7Settings, CompressionVariant};
use rayon::prelude::*;

use crate::{EncodeError, Format, Texture};

/// Texels along a block's side.
const SIDE: usize = 4;

impl Texture {
    /// The texture in blocks. `is_normal`: only x and y of four channels are kept, and shaders compute z.
    ///
    /// Fails if a side is no multiple of 4, which GPUs require of textures in blocks, or if it is in blocks already.
    pub fn in_blocks(&self, is_normal: bool) -> Result<Self, EncodeError> {
        let &Self { width, height, faces, .. } = self;
        self.check()?;
        if !width.is_multiple_of(SIDE as u32) || !height.is_multiple_of(SIDE as u32) {
            return Err(EncodeError::Blocks { width, height });
        }
        let format = match (self.format, is_normal) {
            (Format::R8, _) => Format::Bc4,
            (Format::Rgba8, true) => Format::Bc5,
            (Format::Rgba8, false) => Format::Bc7,
            (Format::Rgba8Srgb, _) => Format::Bc7Srgb,
            (Format::Rgba16Float, _) => Format::Bc6h,
            (format, _) => return Err(EncodeError::Compressed { format }),
        };
        let is_opaque = self.levels[0].chunks(4).all(|texel| texel.get(3).is_none_or(|alpha| *alpha == u8::MAX));
        let variant = match format {
            Format::Bc4 => CompressionVariant::BC4,
            Format::Bc5 => CompressionVariant::BC5,
            Format::Bc6h => CompressionVariant::BC6H(BC6HSettings::basic()),
            _ if is_opaque => CompressionVariant::BC7(BC7Settings::opaque_basic()),
            _ => CompressionVariant::BC7(BC7Settings::alpha_basic()),
        };
        let level = |(index, level): (usize, &Vec<u8>)| {
            let size = [width, height].map(|side| (side >> index).max(1) as usize);
            let texels = level.len() / faces as usize;
            level.chunks(texels).flat_map(|face| self.format.blocks(variant, face, size)).collect()
        };
        Ok(Self { format, levels: self.levels.iter().enumerate().map(level).collect(), ..*self })
    }
}

impl Format {
    /// The blocks of one image, row by row.
    fn blocks(self, variant: CompressionVariant, image: &[u8], [width, height]: [usize; 2]) -> Vec<u8> {
        let rows: Vec<usize> = (0..height.div_ceil(SIDE)).collect();
        rows.into_par_iter().flat_map_iter(|row| self.row_of_blocks(variant, image, [width, height], row)).collect()
    }

    fn row_of_blocks(self, variant: CompressionVariant, image: &[u8], size: [usize; 2], row: usize) -> Vec<u8> {
        let [width, height] = size;
        let columns = width.next_multiple_of(SIDE);
        let texel_bytes = self.block_bytes();
        let mut texels = Vec::with_capacity(SIDE * columns * texel_bytes);
        // Blocks beyond the border repeat the last texel.
        for y in 0..SIDE {
            let y = (row * SIDE + y).min(height - 1);
            for x in 0..columns {
                let first = (y * width + x.min(width - 1)) * texel_bytes;
                texels.extend(&image[first..first + texel_bytes]);
            }
        }
        let mut blocks = vec![0; variant.blocks_byte_size(columns as u32, SIDE as u32)];
        let (columns, rows) = (columns as u32, SIDE as u32);
        match self {
            Format::Rgba16Float => {
                let halves = texels.chunks_exact(2).map(|bytes| f16::from_le_bytes([bytes[0], bytes[1]]));
                compress_rgba16(variant, &halves.collect::<Vec<f16>>(), &mut blocks, columns, rows, columns * 4);
            }
            Format::R8 => {
                let grey: Vec<u8> = texels.iter().flat_map(|value| [*value, *value, *value, u8::MAX]).collect();
                compress_rgba8(variant, &grey, &mut blocks, columns, rows, columns * 4);
            }
            _ => compress_rgba8(variant, &texels, &mut blocks, columns, rows, columns * 4),
        }
        blocks
    }
}
