//! Appearance vectors: the 5 x 5 neighbourhood of a place in all channels, projected to eight dimensions of eight bits.
//!
//! `A = clamp((sum w x + b + 2^(t-1)) >> t, -127, 127)` with `sum |w| <= 8191`: 32-bit floats would compute it exactly.
//!
//! Source: Lefebvre and Hoppe, "Appearance-Space Texture Synthesis", 2006.

use rayon::prelude::*;
use wide::{i16x8, i32x4};

use crate::edges::Edges;
use crate::pyramid::PyramidLevel;

/// Dimensions of appearance.
pub const DIMENSIONS: usize = 8;
/// Places that a neighbourhood reaches.
pub const RADIUS: usize = 2;
/// Places along a side of a neighbourhood.
pub const SIDE: usize = 2 * RADIUS + 1;
/// Most of the sum of absolute weights of a dimension: times 2048 it stays below 2^24.
pub const MAX_WEIGHT: i32 = 8191;
/// Most bits that are shifted out.
pub const MAX_SHIFT: u32 = 20;

/// Values that are multiplied at once.
const LANES: usize = 8;

/// The projection of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// `[DIMENSIONS][5 x 5 x channels]`.
    pub weights: Vec<i16>,
    /// Added to each dimension before the shift.
    pub bias: [i32; DIMENSIONS],
    /// Bits that are shifted out, rounded; at most 20.
    pub shift: u32,
}

impl Projection {
    /// The appearance vector of every place of a level; `padded` is the level with [`RADIUS`] more places on each side.
    pub fn appearance(&self, level: &PyramidLevel, padded: &PyramidLevel) -> Vec<[i8; DIMENSIONS]> {
        let length = SIDE * SIDE * level.channels;
        let lanes = length.div_ceil(LANES);
        let round = if self.shift == 0 { 0 } else { 1 << (self.shift - 1) };
        let weights: Vec<i16x8> =
            self.weights.chunks_exact(length).flat_map(|weights| weights.chunks(LANES).map(lane)).collect();
        let mut vectors = vec![[0; DIMENSIONS]; level.height * level.width];
        vectors.par_chunks_mut(level.width).enumerate().for_each(|(row, vectors)| {
            let (mut neighbourhood, mut near) = (vec![0; length], vec![i16x8::ZERO; lanes]);
            for (column, vector) in vectors.iter_mut().enumerate() {
                copy_neighbourhood(padded, row, column, &mut neighbourhood);
                near.iter_mut().zip(neighbourhood.chunks(LANES)).for_each(|(near, values)| *near = lane(values));
                for ((value, weights), bias) in vector.iter_mut().zip(weights.chunks_exact(lanes)).zip(self.bias) {
                    // Sums of products stay below 2^24.
                    let products = weights.iter().zip(&near).map(|(weights, near)| weights.dot(*near));
                    let sum = products.fold(i32x4::ZERO, |sum, product| sum + product).reduce_add();
                    let sum = sum.wrapping_add(bias).wrapping_add(round);
                    *value = (sum >> self.shift).clamp(-127, 127) as i8;
                }
            }
        });
        vectors
    }
}

/// At most [`LANES`] values, and zeros.
fn lane(values: &[i16]) -> i16x8 {
    match values.try_into() {
        Ok(values) => i16x8::new(values),
        Err(_) => i16x8::new(std::array::from_fn(|k| values.get(k).copied().unwrap_or(0))),
    }
}

/// The 5 x 5 neighbourhood of a place; `padded` has [`RADIUS`] more places on each side.
pub fn copy_neighbourhood(padded: &PyramidLevel, row: usize, column: usize, to: &mut [i16]) {
    let length = SIDE * padded.channels;
    for (down, to) in to.chunks_mut(length).enumerate() {
        let first = ((row + down) * padded.width + column) * padded.channels;
        to.copy_from_slice(&padded.values[first..first + length]);
    }
}

/// Appearance vectors of `height` x `width` places with a rim of one place around them, `[height + 2, width + 2]`.
pub fn rimmed<T: Copy>(appearance: &[T], height: usize, width: usize, edges: Edges) -> Vec<T> {
    let mut padded = Vec::with_capacity((height + 2) * (width + 2));
    for row in 0..height + 2 {
        let row = rim(edges, row, height) * width;
        padded.extend((0..width + 2).map(|column| appearance[row + rim(edges, column, width)]));
    }
    padded
}

/// Appearance vectors in words of four bytes, the first dimension in the lowest byte.
pub fn words(appearance: &[[i8; DIMENSIONS]]) -> Vec<i32> {
    let word = |bytes: [i8; 4]| i32::from_le_bytes(bytes.map(|v| v as u8));
    appearance.iter().flat_map(|&[a, b, c, d, e, f, g, h]| [word([a, b, c, d]), word([e, f, g, h])]).collect()
}

/// Row or column of the level that the rim's row or column `index` repeats.
fn rim(edges: Edges, index: usize, length: usize) -> usize {
    match edges {
        Edges::Wrap => (index + length - 1) % length,
        Edges::Bounded => index.saturating_sub(1).min(length - 1),
    }
}
