//! Texels at the places of a field.

use std::ops::Range;

use rayon::prelude::*;

use imagine_codec::unpack;

use crate::field::Field;
use crate::level::LevelShape;

/// The bytes `channels` of the texels at the places of `field` as numbers, `[channels, height, width]`: 0 to 1, or -1 to 1 if
/// `signed`. `texels` are `[height, width, words]`, four bytes to a word, the first channel in the lowest byte.
///
/// # Panics
/// If `texels` does not have whole words for every place, or the field names a place outside `shape`.
pub fn gather(shape: LevelShape, texels: &[i32], field: &Field, channels: Range<usize>, signed: bool) -> Vec<f32> {
    let words = texels.len() / (shape.height as usize * shape.width as usize);
    let plane = field.places.len();
    let mut numbers = vec![0.0; channels.len() * plane];
    numbers.par_chunks_mut(plane).zip(channels).for_each(|(numbers, channel)| {
        for (number, &place) in numbers.iter_mut().zip(&field.places) {
            let (y, x) = unpack(place);
            let texel = (y as usize * shape.width as usize + x as usize) * words;
            let byte = texels[texel + channel / 4] >> (8 * (channel % 4)) & 0xff;
            let numerator = if signed { 2 * byte - 255 } else { byte };
            *number = numerator as f32 * (1.0 / 255.0);
        }
    });
    numbers
}
