//! Writes generated textures as KTX2 files with all mip levels, as plain texels or in blocks of BC4, BC5, BC6H or BC7, and with or
//! without Zstandard. XMP source metadata and a recipe are in the key/value data, as `imagine_png` has them in PNG files; the recipe
//! can be read back.
//!
//! Follows the Khronos KTX File Format Specification 2.0. Files contain no date, path or host: equal textures and recipes
//! give equal bytes.

mod blocks;
mod format;
mod mips;
mod read;

use std::borrow::Cow;

pub use format::Format;
use imagine_png::Source;
pub use mips::{Average, levels};
pub use read::{ReadKtx2Error, Stored, is_ktx2, read};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

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
    /// Level 0 first. Each level: face after face, rows of texels or blocks from the top, channels interleaved.
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
    /// A side is no multiple of the blocks'.
    #[error("{width}x{height} texels: both sides of a texture in blocks are multiples of 4")]
    Blocks {
        /// Width in texels.
        width: u32,
        /// Height in texels.
        height: u32,
    },
    /// The texture is in blocks already.
    #[error("a texture of {format:?} is in blocks already")]
    Compressed {
        /// Its format.
        format: Format,
    },
    /// The recipe is too long to be read back.
    #[error("the recipe has {found} bytes, at most {most} are allowed", most = imagine_png::MAX_RECIPE_BYTES)]
    Recipe {
        /// Length of the recipe in bytes.
        found: usize,
    },
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
            let blocks = |length: u32| (length >> level).max(1).div_ceil(self.format.block_side()) as usize;
            let expected = blocks(width) * blocks(height) * faces as usize * self.format.block_bytes();
            if data.len() != expected {
                return Err(EncodeError::Level { level, expected, found: data.len() });
            }
        }
        Ok(())
    }
}

/// Encodes a KTX2 file. Equal textures and recipes give equal bytes.
pub fn encode(texture: &Texture, source: Source, recipe: &str) -> Result<Vec<u8>, EncodeError> {
    write(texture, Scheme::None, source, recipe)
}

/// As [`encode`], but with levels compressed by Zstandard, which loaders undo.
pub fn encode_zstd(texture: &Texture, source: Source, recipe: &str) -> Result<Vec<u8>, EncodeError> {
    write(texture, Scheme::Zstd, source, recipe)
}

/// Supercompression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    None = 0,
    Zstd = 2,
}

fn write(texture: &Texture, scheme: Scheme, source: Source, recipe: &str) -> Result<Vec<u8>, EncodeError> {
    texture.check()?;
    if recipe.len() > imagine_png::MAX_RECIPE_BYTES {
        return Err(EncodeError::Recipe { found: recipe.len() });
    }
    let stored: Vec<Cow<[u8]>> = texture.levels.iter().map(|level| scheme.store(level)).collect();
    let descriptor = texture.format.descriptor();
    let texts = key_values(source, recipe);
    let descriptor_at = HEADER_BYTES + LEVEL_BYTES * texture.levels.len();
    let texts_at = descriptor_at + descriptor.len();
    let mut file = header(texture, scheme);
    push(&mut file, &[descriptor_at, descriptor.len(), texts_at, texts.len()]);
    // No supercompression global data.
    file.extend([0; 16]);
    let alignment = if scheme == Scheme::None { texture.format.block_bytes().max(4) } else { 1 };
    let mut end = (texts_at + texts.len()).next_multiple_of(alignment);
    // The smallest level comes first in the file.
    let mut offsets: Vec<usize> = Vec::new();
    for level in stored.iter().rev() {
        offsets.push(end);
        end = (end + level.len()).next_multiple_of(alignment);
    }
    for ((level, stored), offset) in texture.levels.iter().zip(&stored).zip(offsets.iter().rev()) {
        for number in [*offset, stored.len(), level.len()] {
            file.extend((number as u64).to_le_bytes());
        }
    }
    file.extend(descriptor);
    file.extend(texts);
    for (level, offset) in stored.iter().rev().zip(offsets) {
        file.resize(offset, 0);
        file.extend(level.iter());
    }
    Ok(file)
}

impl Scheme {
    fn store(self, level: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Scheme::None => Cow::Borrowed(level),
            Scheme::Zstd => Cow::Owned(compress_to_vec(level, CompressionLevel::Fastest)),
        }
    }
}

fn header(texture: &Texture, scheme: Scheme) -> Vec<u8> {
    let mut file = IDENTIFIER.to_vec();
    let format = texture.format;
    let (depth, layers) = (0, 0);
    let sides = [texture.width as usize, texture.height as usize, depth, layers];
    push(&mut file, &[format.vulkan() as usize, format.type_size()]);
    push(&mut file, &sides);
    push(&mut file, &[texture.faces as usize, texture.levels.len(), scheme as usize]);
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
