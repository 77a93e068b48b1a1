//! Passes that compress textures into blocks of 4x4 texels. Such textures cannot be written by shaders: the blocks go to a buffer, from
//! which they are copied.

use super::pass::{TexturePass, pass};
use crate::params::params;

/// Texels along a block's side. Level 0 of a block-compressed texture has sides that are multiples of it.
pub const BLOCK_SIDE: u32 = 4;
/// Alignment of rows in a buffer that is copied to a texture; also enough for every offset of a binding.
const ROW_ALIGNMENT: u32 = wgpu::COPY_BYTES_PER_ROW_ALIGNMENT;

/// What blocks hold, and so their format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blocks {
    /// BC7: colour and, if anybody reads it, alpha.
    Color {
        /// Whether alpha is kept; otherwise it is 254 or 255.
        alpha: bool,
    },
    /// BC7: three channels that have little to do with each other.
    Packed,
    /// BC5: x and y of normals, from which shaders compute z.
    Normal,
    /// BC5: red and green.
    Pair,
    /// BC4: red.
    Single,
}

/// Where the blocks of one level are in the buffer of a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLevel {
    /// Width and height of the level in texels.
    pub size: [u32; 2],
    /// First byte.
    pub offset: u64,
    /// Bytes from one row of blocks to the next.
    pub row_bytes: u32,
    /// Rows of blocks in one layer.
    pub rows: u32,
    /// Layers.
    pub layers: u32,
}

params! {
    struct ColorBlockParams for "texture_io/block_colors" {
        size: [u32; 2],
        stride: u32,
        unused: u32,
    }
}

params! {
    struct ChannelBlockParams for "texture_io/block_channels" {
        size: [u32; 2],
        stride: u32,
        unused: u32,
    }
}

impl Blocks {
    /// Every content.
    pub const ALL: [Blocks; 6] = [
        Blocks::Color { alpha: false },
        Blocks::Color { alpha: true },
        Blocks::Packed,
        Blocks::Normal,
        Blocks::Pair,
        Blocks::Single,
    ];

    /// Bytes of a block.
    pub fn bytes(self) -> u32 {
        if self == Blocks::Single { 8 } else { 16 }
    }

    /// Operations for a block, in the unit of [`crate::Cost::work`].
    pub fn work(self) -> u64 {
        match self {
            Blocks::Color { alpha: false } => 16_000,
            Blocks::Color { alpha: true } => 30_000,
            Blocks::Packed => 24_000,
            Blocks::Normal | Blocks::Pair => 2_400,
            Blocks::Single => 1_200,
        }
    }

    /// The levels of a texture in one buffer. `size` is `[width, height]` of level 0.
    pub fn levels(self, size: [u32; 2], levels: u32, layers: u32) -> Vec<BlockLevel> {
        let mut offset = 0;
        let level = |index: u32| {
            let size = size.map(|side| side.checked_shr(index).unwrap_or(0).max(1));
            let [columns, rows] = size.map(|side| side.div_ceil(BLOCK_SIDE));
            let row_bytes = (columns * self.bytes()).next_multiple_of(ROW_ALIGNMENT);
            let level = BlockLevel { size, offset, row_bytes, rows, layers };
            offset += level.bytes();
            level
        };
        (0..levels).map(level).collect()
    }
}

impl BlockLevel {
    /// Bytes in the buffer.
    pub fn bytes(&self) -> u64 {
        u64::from(self.row_bytes) * u64::from(self.rows) * u64::from(self.layers)
    }
}

/// Compresses a level (array view at binding 1, `rgba8unorm`) into the part of a buffer for it (binding 2).
pub fn compress(what: Blocks, level: &BlockLevel) -> TexturePass {
    let (size, stride) = (level.size, level.row_bytes / what.bytes());
    let blocks = size.map(|side| side.div_ceil(BLOCK_SIDE));
    let channels = ChannelBlockParams { size, stride, ..ChannelBlockParams::default() };
    let colors = ColorBlockParams { size, stride, ..ColorBlockParams::default() };
    match what {
        Blocks::Color { alpha } => {
            pass(&[("SUBSETS", true), ("ALPHA", alpha), ("SPLIT", alpha)], &colors, blocks, level.layers)
        }
        Blocks::Packed => pass(&[("SPLIT", true)], &colors, blocks, level.layers),
        Blocks::Normal => pass(&[("PAIR", true), ("NORMAL", true)], &channels, blocks, level.layers),
        Blocks::Pair => pass(&[("PAIR", true)], &channels, blocks, level.layers),
        Blocks::Single => pass(&[], &channels, blocks, level.layers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_each_other_in_padded_rows() {
        let levels = Blocks::Normal.levels([72, 8], 7, 2);
        let found: Vec<_> = levels.iter().map(|l| (l.size, l.offset, l.row_bytes, l.rows)).collect();
        assert_eq!(found[..3], [([72, 8], 0, 512, 2), ([36, 4], 2_048, 256, 1), ([18, 2], 2_560, 256, 1)]);
        assert_eq!(found[6], ([1, 1], 2_560 + 4 * 512, 256, 1));
        assert_eq!(Blocks::Single.levels([256, 4], 1, 1)[0].row_bytes, 512);
    }
}
