//! The exemplar's maps, all of one size, eight bits a channel.

use imagine_cpu::{Field, unpack};
use rayon::prelude::*;

/// Most channels of all maps together.
pub const MAX_CHANNELS: usize = 16;

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
        if !(4..=8192).contains(&height) || !(4..=8192).contains(&width) {
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

    /// The texels at the places of `field`, `[field.height, field.width, channels]`: all maps through one field, so they stay
    /// together to the texel.
    ///
    /// # Panics
    /// If the field names a place outside these maps.
    pub fn gather(&self, field: &Field) -> Vec<u8> {
        let channels = self.channels;
        let mut texels = vec![0; field.places.len() * channels];
        let rows = texels.par_chunks_mut(field.width * channels).zip(field.places.par_chunks(field.width));
        rows.for_each(|(texels, places)| {
            for (texel, place) in texels.chunks_mut(channels).zip(places) {
                let (y, x) = unpack(*place);
                let first = (y as usize * self.width + x as usize) * channels;
                texel.copy_from_slice(&self.texels[first..first + channels]);
            }
        });
        texels
    }
}
