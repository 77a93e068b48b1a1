//! Writes generated textures as KTX2 files, uncompressed, with all mip levels. XMP source metadata and a recipe are in the
//! key/value data, as `imagine_png` has them in PNG files.
//!
//! Follows the Khronos KTX File Format Specification 2.0. Files contain no date, path or host: equal textures and recipes
//! give equal bytes.

mod mips;

pub use mips::{Average, levels};

use imagine_png::Source;

/// First bytes of every KTX2 file.
const IDENTIFIER: [u8; 12] = [0xAB, b'K', b'T', b'X', b' ', b'2', b'0', 0xBB, b'\r', b'\n', 0x1A, b'\n'];
/// Size in bytes of the header, section offsets included.
const HEADER_BYTES: usize = 80;
/// Size in bytes of a level index entry.
const LEVEL_BYTES: usize = 24;
/// Key of the recipe.
pub const RECIPE_KEY: &str = "imagine";
/// Key of the XMP packet; the same keyword as in PNG files.
pub const XMP_KEY: &str = "XML:com.adobe.xmp";
/// Longest side of a texture in texels.
pub const MAX_SIDE: u32 = 16_384;

/// Texel format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One 8-bit channel of linear data, 0 to 1.
    R8,
    /// Four 8-bit channels of linear data, 0 to 1.
    Rgba8,
    /// 8-bit sRGB colour and linear alpha.
    Rgba8Srgb,
    /// Linear radiance as 16-bit floats; the fourth channel is 1.
    Rgba16Float,
}

/// A texture with its mip levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Texture {
    /// Texel format.
    pub format: Format,
    /// Width of level 0 in texels.
    pub width: u32,
    /// Height of level 0 in texels.
    pub height: u32,
    /// 1, or 6 for a cubemap: +X, -X, +Y, -Y, +Z, -Z.
    pub faces: u32,
    /// Level 0 first. Each level: face after face, rows from the top, channels interleaved.
    pub levels: Vec<Vec<u8>>,
}

/// Why a texture cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Unsupported size or number of faces.
    #[error(
        "{width}x{height} with {faces} faces: expected 1 to {MAX_SIDE} texels per side and 1 face, or 6 square faces"
    )]
    Size {
        /// Width in texels.
        width: u32,
        /// Height in texels.
        height: u32,
        /// Number of faces.
        faces: u32,
    },
    /// A level has the wrong size.
    #[error("level {level} has {found} bytes, expected {expected}")]
    Level {
        /// Index of the level; 0 is the largest.
        level: usize,
        /// Expected bytes.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// Too many levels, or none.
    #[error("{found} levels: expected 1 to {most}")]
    Levels {
        /// Levels given.
        found: usize,
        /// Number of levels down to a single texel.
        most: usize,
    },
    /// The recipe is too long to be read back.
    #[error("the recipe has {found} bytes, at most {most} are allowed", most = imagine_png::MAX_RECIPE_BYTES)]
    Recipe {
        /// Length of the recipe in bytes.
        found: usize,
    },
}

impl Format {
    /// Value of Vulkan's `VkFormat`.
    fn vulkan(self) -> u32 {
        match self {
            Format::R8 => 9,
            Format::Rgba8 => 37,
            Format::Rgba8Srgb => 43,
            Format::Rgba16Float => 97,
        }
    }

    /// Number of channels.
    pub fn channels(self) -> usize {
        if self == Format::R8 { 1 } else { 4 }
    }

    /// Bytes of one channel.
    fn channel_bytes(self) -> usize {
        if self == Format::Rgba16Float { 2 } else { 1 }
    }

    /// Bytes of a texel.
    pub fn texel_bytes(self) -> usize {
        self.channels() * self.channel_bytes()
    }

    /// Data format descriptor: one basic block of version 2 (Khronos Data Format Specification 1.3), one sample per channel.
    fn descriptor(self) -> Vec<u8> {
        const RGBSDA: u32 = 1;
        const BT709: u32 = 1;
        const LINEAR: u32 = 1;
        const SRGB: u32 = 2;
        let transfer = if self == Format::Rgba8Srgb { SRGB } else { LINEAR };
        let block_bytes = 24 + 16 * self.channels() as u32;
        let mut words = vec![4 + block_bytes, 0, 2 | block_bytes << 16];
        words.push(RGBSDA | BT709 << 8 | transfer << 16);
        // Texel blocks of 1x1; all bytes of a texel in plane 0.
        words.extend([0, self.texel_bytes() as u32, 0]);
        for channel in 0..self.channels() {
            words.extend(self.sample(channel as u32));
        }
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// Sample description of one channel: bit offset, meaning, range.
    fn sample(self, channel: u32) -> [u32; 4] {
        const ALPHA: u32 = 15;
        const DATA_LINEAR: u32 = 0x10;
        const DATA_SIGNED_FLOAT: u32 = 0xC0;
        let bits = 8 * self.channel_bytes() as u32;
        let is_alpha = channel == 3;
        let mut meaning = if is_alpha { ALPHA } else { channel };
        if is_alpha && self == Format::Rgba8Srgb {
            meaning |= DATA_LINEAR;
        }
        let [mut low, mut high] = [0, 255];
        if self == Format::Rgba16Float {
            meaning |= DATA_SIGNED_FLOAT;
            [low, high] = [(-1.0f32).to_bits(), 1.0f32.to_bits()];
        }
        [(channel * bits) | ((bits - 1) << 16) | (meaning << 24), 0, low, high]
    }
}

impl Texture {
    fn check(&self) -> Result<(), EncodeError> {
        let &Self { width, height, faces, .. } = self;
        let sides = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height);
        if !sides || !(faces == 1 || (faces == 6 && width == height)) {
            return Err(EncodeError::Size { width, height, faces });
        }
        let (found, most) = (self.levels.len(), width.max(height).ilog2() as usize + 1);
        if !(1..=most).contains(&found) {
            return Err(EncodeError::Levels { found, most });
        }
        for (level, data) in self.levels.iter().enumerate() {
            let side = |length: u32| (length >> level).max(1) as usize;
            let expected = side(width) * side(height) * faces as usize * self.format.texel_bytes();
            if data.len() != expected {
                return Err(EncodeError::Level { level, expected, found: data.len() });
            }
        }
        Ok(())
    }
}

/// Encodes a KTX2 file. Equal textures and recipes give equal bytes.
pub fn encode(texture: &Texture, source: Source, recipe: &str) -> Result<Vec<u8>, EncodeError> {
    texture.check()?;
    if recipe.len() > imagine_png::MAX_RECIPE_BYTES {
        return Err(EncodeError::Recipe { found: recipe.len() });
    }
    let descriptor = texture.format.descriptor();
    let texts = key_values(source, recipe);
    let descriptor_at = HEADER_BYTES + LEVEL_BYTES * texture.levels.len();
    let texts_at = descriptor_at + descriptor.len();
    let mut file = header(texture);
    push(&mut file, &[descriptor_at, descriptor.len(), texts_at, texts.len()]);
    // No supercompression global data.
    file.extend([0; 16]);
    let alignment = texture.format.texel_bytes().max(4);
    let mut end = (texts_at + texts.len()).next_multiple_of(alignment);
    // The smallest level comes first in the file.
    let mut offsets: Vec<usize> = Vec::new();
    for level in texture.levels.iter().rev() {
        offsets.push(end);
        end = (end + level.len()).next_multiple_of(alignment);
    }
    for (level, offset) in texture.levels.iter().zip(offsets.iter().rev()) {
        for number in [*offset, level.len(), level.len()] {
            file.extend((number as u64).to_le_bytes());
        }
    }
    file.extend(descriptor);
    file.extend(texts);
    for (level, offset) in texture.levels.iter().rev().zip(offsets) {
        file.resize(offset, 0);
        file.extend(level);
    }
    Ok(file)
}

fn header(texture: &Texture) -> Vec<u8> {
    let mut file = IDENTIFIER.to_vec();
    let format = texture.format;
    let (depth, layers, scheme) = (0, 0, 0);
    let sides = [texture.width as usize, texture.height as usize, depth, layers];
    push(&mut file, &[format.vulkan() as usize, format.channel_bytes()]);
    push(&mut file, &sides);
    push(&mut file, &[texture.faces as usize, texture.levels.len(), scheme]);
    file
}

fn push(file: &mut Vec<u8>, words: &[usize]) {
    file.extend(words.iter().flat_map(|word| (*word as u32).to_le_bytes()));
}

/// Key/value data: keys in byte order, each pair padded to a multiple of four bytes.
fn key_values(source: Source, recipe: &str) -> Vec<u8> {
    let writer = concat!("imagine ", env!("CARGO_PKG_VERSION"));
    let xmp = imagine_png::xmp(source);
    let pairs = [("KTXorientation", "rd"), ("KTXwriter", writer), (XMP_KEY, xmp.as_str()), (RECIPE_KEY, recipe)];
    let mut bytes = Vec::new();
    for (key, value) in pairs {
        // Key and value are both null-terminated.
        push(&mut bytes, &[key.len() + 1 + value.len() + 1]);
        bytes.extend([key.as_bytes(), &[0], value.as_bytes(), &[0]].concat());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

#[cfg(test)]
mod tests;
