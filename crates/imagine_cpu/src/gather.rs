//! Texels at the places of a field.

use std::ops::Range;

use rayon::prelude::*;

use imagine_codec::unpack;

use crate::field::Field;
use crate::level::LevelShape;
use crate::simd::{self, Kernel, Lanes};

/// Cells that a thread gathers at once.
const CELLS: usize = 4096;

/// The bytes `channels` of the texels at the places of `field` as numbers, `[channels, height, width]`: 0 to 1, or -1 to 1 if
/// `signed`. `texels` are `[height, width, words]`, four bytes to a word, the first channel in the lowest byte.
///
/// # Panics
/// If `texels` does not have whole words for every place, or the field names a place outside `shape`.
pub fn gather(shape: LevelShape, texels: &[i32], field: &Field, channels: Range<usize>, signed: bool) -> Vec<f32> {
    let words = texels.len() / (shape.height as usize * shape.width as usize);
    let plane = field.places.len();
    let mut numbers = vec![0.0; channels.len() * plane];
    let mut planes: Vec<_> = numbers.chunks_exact_mut(plane).map(|plane| plane.chunks_mut(CELLS)).collect();
    let parts = field.places.chunks(CELLS).map(|places| {
        let parts: Vec<&mut [f32]> = planes.iter_mut().filter_map(Iterator::next).collect();
        (places, parts)
    });
    let parts: Vec<_> = parts.collect();
    parts.into_par_iter().for_each(|(places, parts)| {
        let texel = |place: &u32| {
            let (y, x) = unpack(*place);
            (y as usize * shape.width as usize + x as usize) * words
        };
        let offsets: Vec<usize> = places.iter().map(texel).collect();
        let mut bytes = vec![0; places.len()];
        let mut word = None;
        for (numbers, channel) in parts.into_iter().zip(channels.clone()) {
            // Channels of one word follow each other.
            if word != Some(channel / 4) {
                word = Some(channel / 4);
                bytes.iter_mut().zip(&offsets).for_each(|(bytes, offset)| *bytes = texels[offset + channel / 4]);
            }
            simd::run(Numbers { words: &bytes, byte: channel % 4, signed, numbers });
        }
    });
    numbers
}

/// One byte of each word as a number.
struct Numbers<'a> {
    words: &'a [i32],
    byte: usize,
    signed: bool,
    numbers: &'a mut [f32],
}

impl Kernel for Numbers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        let (shift, factor, addend) =
            (8 * self.byte as u32, if self.signed { 2 } else { 1 }, if self.signed { -255 } else { 0 });
        for (number, &word) in self.numbers.iter_mut().zip(self.words) {
            let byte = (word >> (shift & 31)) & 0xff;
            *number = (byte * factor + addend) as f32 * (1.0 / 255.0);
        }
    }
}
