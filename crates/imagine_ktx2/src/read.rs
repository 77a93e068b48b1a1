//! Reads the key/value data of a file and how its levels are stored, without decoding texels.

use imagine_png::{MAX_RECIPE_BYTES, ReadError};

use crate::format::FIRST_BLOCK_FORMAT;
use crate::{HEADER_BYTES, IDENTIFIER, RECIPE_KEY, Scheme};

/// Place of the header's words, in bytes.
const VULKAN_FORMAT: usize = 12;
const SUPERCOMPRESSION: usize = 44;
const KEY_VALUES: usize = 56;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadKtx2Error {
    /// Another kind of file, or a damaged one.
    #[error("not a KTX2 file, or a damaged one")]
    Ktx2,
    /// No recipe, or one that is too long.
    #[error(transparent)]
    Recipe(#[from] ReadError),
}

/// What a file tells about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The recipe that was given to [`encode`](crate::encode).
    pub recipe: String,
    /// Whether texels are in blocks.
    pub is_in_blocks: bool,
    /// Whether levels are compressed by Zstandard.
    pub is_zstd: bool,
}

/// Whether the bytes begin as those of a KTX2 file.
pub fn is_ktx2(bytes: &[u8]) -> bool {
    bytes.starts_with(&IDENTIFIER)
}

/// Reads recipe and storage from the bytes of a file of unknown origin.
pub fn read(bytes: &[u8]) -> Result<Stored, ReadKtx2Error> {
    if !is_ktx2(bytes) || bytes.len() < HEADER_BYTES {
        return Err(ReadKtx2Error::Ktx2);
    }
    let word_at = |at: usize| word(&bytes[at..]).ok_or(ReadKtx2Error::Ktx2);
    let (start, length) = (word_at(KEY_VALUES)?, word_at(KEY_VALUES + 4)?);
    let end = start.checked_add(length).ok_or(ReadKtx2Error::Ktx2)?;
    let pairs = bytes.get(start..end).ok_or(ReadKtx2Error::Ktx2)?;
    let recipe = value(pairs, RECIPE_KEY)?.ok_or(ReadError::Missing)?;
    if recipe.len() > MAX_RECIPE_BYTES {
        return Err(ReadError::Long.into());
    }
    let recipe = String::from_utf8(recipe.to_vec()).map_err(|_| ReadKtx2Error::Ktx2)?;
    let is_in_blocks = word_at(VULKAN_FORMAT)? >= FIRST_BLOCK_FORMAT as usize;
    let is_zstd = word_at(SUPERCOMPRESSION)? == Scheme::Zstd as usize;
    Ok(Stored { recipe, is_in_blocks, is_zstd })
}

/// The value of `key`, without the null character behind it.
fn value<'a>(mut pairs: &'a [u8], key: &str) -> Result<Option<&'a [u8]>, ReadKtx2Error> {
    while let Some(length) = word(pairs) {
        let (pair, rest) = pairs[4..].split_at_checked(length).ok_or(ReadKtx2Error::Ktx2)?;
        let name = pair.iter().position(|byte| *byte == 0).ok_or(ReadKtx2Error::Ktx2)?;
        if &pair[..name] == key.as_bytes() {
            let value = &pair[name + 1..];
            return Ok(Some(value.strip_suffix(&[0]).unwrap_or(value)));
        }
        // Each pair is padded to four bytes.
        pairs = rest.get(length.next_multiple_of(4) - length..).unwrap_or_default();
    }
    Ok(None)
}

/// The little-endian word at the start.
fn word(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize)
}
