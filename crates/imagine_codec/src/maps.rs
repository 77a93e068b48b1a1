//! The exemplar's maps, all of one size, eight bits a channel.

use rayon::prelude::*;

use crate::edges::unpack;

/// Most channels of all maps together.
pub const MAX_CHANNELS: usize = 16;
/// Least and most texels of a side.
pub const SIDES: std::ops::RangeInclusive<usize> = 4..=8192;
/// Texels that one thread gathers at once.
const GATHERED: usize = 4096;

/// Maps that belong together, interleaved: `[height, width, channels]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maps {
    height: usize,
    width: usize,
    channels: usize,
    texels: Vec<u8>,
}

/// Why maps cannot be an exemplar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapsError {
    /// No channel, or too many.
    #[error("{0} channels: an exemplar has 1 to {MAX_CHANNELS}")]
    Channels(usize),
    /// A side is too small or too large.
    #[error("an exemplar of {0} x {1} texels: sides are 4 to 8192")]
    Side(usize, usize),
    /// The number of bytes does not match the size.
    #[error("expected {expected} bytes for height x width x channels, found {found}")]
    Bytes {
        /// Height times width times channels.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
}

impl Maps {
    /// Maps from interleaved bytes.
    pub fn new(height: usize, width: usize, channels: usize, texels: Vec<u8>) -> Result<Self, MapsError> {
        if !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(MapsError::Channels(channels));
        }
        if !SIDES.contains(&height) || !SIDES.contains(&width) {
            return Err(MapsError::Side(height, width));
        }
        let expected = height * width * channels;
        if texels.len() != expected {
            return Err(MapsError::Bytes { expected, found: texels.len() });
        }
        Ok(Self { height, width, channels, texels })
    }

    /// Rows of texels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of texels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Channels of all maps together.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The bytes, `[height, width, channels]`.
    pub fn texels(&self) -> &[u8] {
        &self.texels
    }

    /// The texels of packed places, one after the other: all maps of a place stay together.
    ///
    /// # Panics
    /// If there is a place outside these maps.
    pub fn gather(&self, places: &[u32]) -> Vec<u8> {
        let channels = self.channels;
        let mut texels = vec![0; places.len() * channels];
        texels.par_chunks_mut(GATHERED * channels).zip(places.par_chunks(GATHERED)).for_each(|(texels, places)| {
            for (texel, place) in texels.chunks_mut(channels).zip(places) {
                let (y, x) = unpack(*place);
                let first = (y as usize * self.width + x as usize) * channels;
                texel.copy_from_slice(&self.texels[first..first + channels]);
            }
        });
        texels
    }

    /// The texels in words of four channels, `[height, width, words]`, the first channel in the lowest byte of the first word.
    pub fn words(&self) -> Vec<i32> {
        let word = |bytes: &[u8]| {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            i32::from_le_bytes(word)
        };
        self.texels.chunks(self.channels).flat_map(|texel| texel.chunks(4).map(word)).collect()
    }

    /// Maps from words as [`Maps::words`] gives them.
    pub fn from_words(height: usize, width: usize, channels: usize, words: &[i32]) -> Result<Self, MapsError> {
        let bytes =
            |words: &[i32]| words.iter().flat_map(|word| word.to_le_bytes()).take(channels).collect::<Vec<u8>>();
        let texels = words.chunks(channels.div_ceil(4).max(1)).flat_map(bytes).collect();
        Self::new(height, width, channels, texels)
    }
}
