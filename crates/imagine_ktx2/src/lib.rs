//! KTX2 files of generated textures: every mip level, uncompressed, with the XMP property that says what made them and a
//! recipe among the file's key/value data, as `imagine_png` has them in PNG files.
//!
//! The container is that of the Khronos KTX File Format Specification, version 2.0. No date, no path and no host: equal
//! textures and texts give equal bytes.

mod mips;

pub use mips::{Average, levels};

use imagine_png::Source;

/// The first bytes of every file.
const IDENTIFIER: [u8; 12] = [0xAB, b'K', b'T', b'X', b' ', b'2', b'0', 0xBB, b'\r', b'\n', 0x1A, b'\n'];
/// Bytes of the header with the offsets of its sections.
const HEADER_BYTES: usize = 80;
/// Bytes of a level's entry in the index.
const LEVEL_BYTES: usize = 24;
/// Key of the recipe.
pub const RECIPE_KEY: &str = "imagine";
/// Key of the XMP packet, the keyword that PNG files have it under.
pub const XMP_KEY: &str = "XML:com.adobe.xmp";
/// Longest side of a texture.
pub const MAX_SIDE: u32 = 16_384;

/// How texels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One channel of data, 0 to 1 in a byte.
    R8,
    /// Four channels of data, 0 to 1 in a byte each.
    Rgba8,
    /// Colour with the sRGB curve and coverage without, a byte each.
    Rgba8Srgb,
    /// Linear radiance in halves; the fourth channel is 1.
    Rgba16Float,
}

/// A texture and all its levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Texture {
    /// How texels are stored.
    pub format: Format,
    /// Texels in a row of the largest level.
    pub width: u32,
    /// Rows of the largest level.
    pub height: u32,
    /// 1, or 6 of a cubemap: +X, -X, +Y, -Y, +Z, -Z.
    pub faces: u32,
    /// The largest level first; rows from the top, channels interleaved, face after face.
    pub levels: Vec<Vec<u8>>,
}

/// Why a texture cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A size that no texture has.
    #[error("{width}x{height} with {faces} faces: 1 to {MAX_SIDE} a side and 1 face, or 6 square ones, expected")]
    Size {
        /// Texels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Faces.
        faces: u32,
    },
    /// Levels that are not those of the size.
    #[error("level {level} has {found} bytes, {expected} expected")]
    Level {
        /// The level, 0 being the largest.
        level: usize,
        /// Bytes it should have.
        expected: usize,
        /// Bytes it has.
        found: usize,
    },
    /// More levels, or fewer, than there can be.
    #[error("{found} levels: 1 to {most} expected")]
    Levels {
        /// Levels given.
        found: usize,
        /// Levels down to a single texel.
        most: usize,
    },
    /// A recipe larger than any program reads.
    #[error("a recipe of {found} bytes: at most {most} expected", most = imagine_png::MAX_RECIPE_BYTES)]
    Recipe {
        /// Bytes of the recipe.
        found: usize,
    },
}

impl Format {
    /// The number of Vulkan's `VkFormat`.
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

    /// The data format descriptor: a basic block of version 2 (Khronos Data Format Specification 1.3), one sample a channel.
    fn descriptor(self) -> Vec<u8> {
        const RGBSDA: u32 = 1;
        const BT709: u32 = 1;
        const LINEAR: u32 = 1;
        const SRGB: u32 = 2;
        let transfer = if self == Format::Rgba8Srgb { SRGB } else { LINEAR };
        let block_bytes = 24 + 16 * self.channels() as u32;
        let mut words = vec![4 + block_bytes, 0, 2 | block_bytes << 16];
        words.push(RGBSDA | BT709 << 8 | transfer << 16);
        // Blocks of one texel; all bytes of a texel in plane 0.
        words.extend([0, self.texel_bytes() as u32, 0]);
        for channel in 0..self.channels() {
            words.extend(self.sample(channel as u32));
        }
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// Place, meaning and range of one channel.
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

/// The bytes of a KTX2 file. Equal textures and recipes give equal bytes.
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
    // There is no global data of a supercompression.
    file.extend([0; 16]);
    let alignment = texture.format.texel_bytes().max(4);
    let mut end = (texts_at + texts.len()).next_multiple_of(alignment);
    // The smallest level lies first.
    let mut places: Vec<usize> = Vec::new();
    for level in texture.levels.iter().rev() {
        places.push(end);
        end = (end + level.len()).next_multiple_of(alignment);
    }
    for (level, place) in texture.levels.iter().zip(places.iter().rev()) {
        for number in [*place, level.len(), level.len()] {
            file.extend((number as u64).to_le_bytes());
        }
    }
    file.extend(descriptor);
    file.extend(texts);
    for (level, place) in texture.levels.iter().rev().zip(places) {
        file.resize(place, 0);
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

/// Key/value data: keys in the order of their bytes, each pair padded to four bytes.
fn key_values(source: Source, recipe: &str) -> Vec<u8> {
    let writer = concat!("imagine ", env!("CARGO_PKG_VERSION"));
    let xmp = imagine_png::xmp(source);
    let pairs = [("KTXorientation", "rd"), ("KTXwriter", writer), (XMP_KEY, xmp.as_str()), (RECIPE_KEY, recipe)];
    let mut bytes = Vec::new();
    for (key, value) in pairs {
        // Key and value end with a zero each.
        push(&mut bytes, &[key.len() + 1 + value.len() + 1]);
        bytes.extend([key.as_bytes(), &[0], value.as_bytes(), &[0]].concat());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

#[cfg(test)]
mod tests;
