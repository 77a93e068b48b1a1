//! The one loop of convolutions and matrix products: sums of products of weights and shifted rows.
//!
//! ```text
//! result[m][p] = bias[m] + sum over k of weights[m][k] * source[offsets[k] + p]
//! ```
//! A convolution is this sum over channels and taps, an offset for each; a matrix product is it with an offset for each row. Every result is
//! one chain of multiplications and additions in the order of `k`, whatever the tile, the position in it or the number of threads.
//!
//! Source: Goto and van de Geijn 2008 (the register tile and its packed operand).

use crate::finish::Finish;
use crate::simd::{self, Kernel, Lanes};
use crate::tile::Shared;

/// Weights `[rows, terms]` in the order in which the loop reads them: blocks of rows, and the rows of a block side by side for each term.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    pub rows: usize,
    pub terms: usize,
    blocks: Vec<Block>,
    data: Vec<f32>,
}

/// Rows that are computed together.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: usize,
    height: usize,
}

impl Packed {
    /// Packs the weights that `at(row, term)` gives.
    pub fn new(rows: usize, terms: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let blocks = blocks(rows, simd::run(Tallest));
        let mut data = Vec::with_capacity(rows * terms);
        for block in &blocks {
            for term in 0..terms {
                data.extend((block.first..block.first + block.height).map(|row| at(row, term)));
            }
        }
        Self { rows, terms, blocks, data }
    }

    /// The weight of a row and a term.
    pub fn at(&self, row: usize, term: usize) -> f32 {
        let block = self.blocks[self.blocks.partition_point(|block| block.first + block.height <= row)];
        self.data[block.first * self.terms + term * block.height + row - block.first]
    }

    /// Number of blocks of rows: what can be divided among threads.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The rows of the blocks `blocks`.
    pub fn rows_of(&self, blocks: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        let start = self.blocks.get(blocks.start).map_or(self.rows, |block| block.first);
        let end = self.blocks.get(blocks.end).map_or(self.rows, |block| block.first);
        start..end
    }
}

/// The tallest block of an instruction set.
struct Tallest;

impl Kernel for Tallest {
    type Output = usize;

    #[inline(always)]
    fn run<S: Lanes>(self) -> usize {
        match S::REGISTERS {
            32 => 8,
            16 => 6,
            _ => 4,
        }
    }
}

/// Rows in blocks of 8, 6, 4, 3, 2 or 1, at most `tallest`; few and of similar height.
fn blocks(rows: usize, tallest: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut first = 0;
    while first < rows {
        let left = rows - first;
        let height = match left {
            _ if left >= 2 * tallest => tallest,
            // Two blocks of similar height rather than a tall one and a row.
            _ if left > tallest => {
                let half = left.div_ceil(2);
                [8, 6, 4, 3, 2].into_iter().filter(|height| *height <= tallest && *height >= half).min().unwrap_or(half)
            }
            5 => 3,
            7 => 4,
            _ => left,
        };
        blocks.push(Block { first, height });
        first += height;
    }
    blocks
}

/// One run of the loop.
pub(crate) struct Product<'a> {
    pub weights: &'a Packed,
    /// Blocks of rows to compute.
    pub blocks: std::ops::Range<usize>,
    /// One number for each row of the weights; 0 if left out.
    pub bias: Option<&'a [f32]>,
    /// One for each term.
    pub offsets: &'a [u32],
    pub source: &'a [f32],
    /// What is done with each sum.
    pub finish: Finish<'a>,
    /// Its memory is this run's alone where it writes.
    pub result: Shared<'a>,
    /// Where the first row of the first block begins in `result`.
    pub first: usize,
    /// Distance of rows in `result`.
    pub stride: usize,
    /// Positions.
    pub count: usize,
}

impl Product<'_> {
    /// Runs the loop.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run(self) {
        let rows = self.weights.rows_of(&self.blocks);
        if rows.is_empty() || self.count == 0 {
            return;
        }
        assert_eq!(self.offsets.len(), self.weights.terms);
        let furthest = self.offsets.iter().copied().max().unwrap_or(0) as usize;
        assert!(self.offsets.is_empty() || furthest + self.count <= self.source.len(), "the source is too short");
        let end = self.first + (rows.len() - 1) * self.stride + self.count;
        assert!(end <= self.result.len(), "the result is too short");
        assert!(self.finish.fits(self.weights.rows), "one number for each row");
        assert!(self.bias.is_none_or(|bias| bias.len() == self.weights.rows));
        // Each vector of the source serves few rows. The bits are the same.
        let is_low = self.weights.blocks.iter().all(|block| block.height <= 2);
        if is_low { simd::run_narrow(self) } else { simd::run(self) }
    }
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        let first_row = self.weights.blocks[self.blocks.start].first;
        for block in &self.weights.blocks[self.blocks.clone()] {
            let bias = std::array::from_fn(|row| {
                self.bias.filter(|_| row < block.height).map_or(0.0, |bias| bias[block.first + row])
            });
            // SAFETY: `Product::run` checked the slices; a block's weights follow those of the rows before it.
            let tile = unsafe {
                Tile {
                    weights: self.weights.data.as_ptr().add(block.first * self.weights.terms),
                    bias,
                    offsets: self.offsets,
                    source: self.source.as_ptr(),
                    result: self.result.start().add(self.first + (block.first - first_row) * self.stride),
                    stride: self.stride,
                    count: self.count,
                    finish: self.finish,
                    first_row: block.first,
                }
            };
            // SAFETY: as above. The heights are those of `blocks`, the widths what fits into the registers.
            unsafe {
                match (S::REGISTERS, block.height) {
                    (32, 8) => tile.row::<S, 8, 3, 1>(),
                    (32, 6) => tile.row::<S, 6, 4, 2>(),
                    (32, 4) => tile.row::<S, 4, 6, 2>(),
                    (32, 3) => tile.row::<S, 3, 8, 4>(),
                    (32, 2) => tile.row::<S, 2, 12, 4>(),
                    (32, _) => tile.row::<S, 1, 16, 4>(),
                    (16, 6) => tile.row::<S, 6, 2, 1>(),
                    (16, 4) => tile.row::<S, 4, 3, 1>(),
                    (16, 3) => tile.row::<S, 3, 4, 2>(),
                    (16, 2) => tile.row::<S, 2, 5, 2>(),
                    (16, _) => tile.row::<S, 1, 8, 4>(),
                    (_, 4) => tile.row::<S, 4, 1, 1>(),
                    (_, 3) => tile.row::<S, 3, 1, 1>(),
                    (_, 2) => tile.row::<S, 2, 2, 1>(),
                    _ => tile.row::<S, 1, 4, 1>(),
                }
            }
        }
    }
}

/// A block of rows at all positions.
struct Tile<'a> {
    weights: *const f32,
    bias: [f32; 8],
    offsets: &'a [u32],
    source: *const f32,
    result: *mut f32,
    stride: usize,
    count: usize,
    finish: Finish<'a>,
    first_row: usize,
}

impl Tile<'_> {
    /// All positions, `WIDE` vectors at once, then `NARROW`, then one.
    #[inline(always)]
    unsafe fn row<S: Lanes, const HEIGHT: usize, const WIDE: usize, const NARROW: usize>(&self) {
        let mut at = 0;
        // SAFETY: positions up to `count` are readable and writable.
        unsafe {
            while at + WIDE * S::N <= self.count {
                self.sums::<S, HEIGHT, WIDE>(at);
                at += WIDE * S::N;
            }
            while at + NARROW * S::N <= self.count {
                self.sums::<S, HEIGHT, NARROW>(at);
                at += NARROW * S::N;
            }
            while at + S::N <= self.count {
                self.sums::<S, HEIGHT, 1>(at);
                at += S::N;
            }
            if at < self.count {
                self.last_sums::<S, HEIGHT>(at, self.count - at);
            }
        }
    }

    /// `HEIGHT` rows and `WIDTH` vectors from position `at`.
    #[inline(always)]
    unsafe fn sums<S: Lanes, const HEIGHT: usize, const WIDTH: usize>(&self, at: usize) {
        let mut sums: [[S::V; WIDTH]; HEIGHT] = std::array::from_fn(|row| [S::splat(self.bias[row]); WIDTH]);
        let mut weights = self.weights;
        // SAFETY: every offset plus `at` and the vectors is inside the source, and `HEIGHT` weights stand for each offset.
        unsafe {
            let source = self.source.add(at);
            for &offset in self.offsets {
                let from = source.add(offset as usize);
                let x: [S::V; WIDTH] = std::array::from_fn(|column| S::load(from.add(column * S::N)));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let weight = S::splat(*weights.add(row));
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = S::fma(weight, x, *sum);
                    }
                }
                weights = weights.add(HEIGHT);
            }
            for (row, sums) in sums.into_iter().enumerate() {
                let to = self.result.add(row * self.stride + at);
                for (column, sum) in sums.into_iter().enumerate() {
                    S::store(to.add(column * S::N), sum);
                }
            }
            // What was just written is in the nearest cache; the sums above stay in registers only if nothing indexes them at run time.
            if self.finish.is_something() {
                for row in 0..HEIGHT {
                    for column in 0..WIDTH {
                        let to = self.result.add(row * self.stride + at + column * S::N);
                        let mut sum = [S::load(to)];
                        self.finish.apply::<S, 1>(self.first_row + row, &mut sum);
                        S::store(to, sum[0]);
                    }
                }
            }
        }
    }

    /// `HEIGHT` rows and the last `count` positions, fewer than a vector.
    #[inline(always)]
    unsafe fn last_sums<S: Lanes, const HEIGHT: usize>(&self, at: usize, count: usize) {
        let mut sums: [S::V; HEIGHT] = std::array::from_fn(|row| S::splat(self.bias[row]));
        let mut weights = self.weights;
        // SAFETY: every offset plus `at` and `count` is inside the source, and `HEIGHT` weights stand for each offset.
        unsafe {
            let source = self.source.add(at);
            for &offset in self.offsets {
                let x = S::load_first(source.add(offset as usize), count);
                for (row, sum) in sums.iter_mut().enumerate() {
                    *sum = S::fma(S::splat(*weights.add(row)), x, *sum);
                }
                weights = weights.add(HEIGHT);
            }
            for (row, sum) in sums.into_iter().enumerate() {
                S::store_first(self.result.add(row * self.stride + at), sum, count);
            }
            if self.finish.is_something() {
                for row in 0..HEIGHT {
                    let to = self.result.add(row * self.stride + at);
                    let mut sum = [S::load_first(to, count)];
                    self.finish.apply::<S, 1>(self.first_row + row, &mut sum);
                    S::store_first(to, sum[0], count);
                }
            }
        }
    }
}

/// The dot product of two slices of the same length: sums of each lane, then over the lanes in a fixed order.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    simd::run(Dot(a, b))
}

struct Dot<'a>(&'a [f32], &'a [f32]);

/// Sums that a dot product keeps, on every instruction set.
const DOT_SUMS: usize = 32;

impl Kernel for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Lanes>(self) -> f32 {
        let mut sums = [0.0; DOT_SUMS];
        let (a, b) = (self.0.chunks_exact(DOT_SUMS), self.1.chunks_exact(DOT_SUMS));
        let rest = a.remainder().iter().zip(b.remainder());
        for (a, b) in a.zip(b) {
            for lane in 0..DOT_SUMS {
                sums[lane] = S::mul_add(a[lane], b[lane], sums[lane]);
            }
        }
        for (sum, (a, b)) in sums.iter_mut().zip(rest) {
            *sum = S::mul_add(*a, *b, *sum);
        }
        let mut width = DOT_SUMS;
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                sums[lane] += sums[lane + width];
            }
        }
        sums[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_height_and_count_gives_the_same_sums() {
        let (terms, positions) = (7, 300);
        let source: Vec<f32> = (0..2000).map(|i| (i * 7919 % 101) as f32 - 50.0).collect();
        let offsets: Vec<u32> = (0..terms as u32).map(|k| k * 211 % 1600).collect();
        for rows in 1..=19 {
            let weight = |row: usize, term: usize| (row * 13 + term * 5) as f32 - 40.0;
            let weights = Packed::new(rows, terms, weight);
            let bias: Vec<f32> = (0..rows).map(|row| row as f32).collect();
            for count in [1, 7, 16, 33, 48, 100, positions] {
                let mut result = vec![0.0; rows * positions];
                let blocks = 0..weights.blocks();
                let (weights, bias, result_of) = (&weights, Some(&bias[..]), &mut result);
                Product {
                    weights,
                    blocks,
                    bias,
                    offsets: &offsets,
                    source: &source,
                    finish: Finish::default(),
                    result: Shared::new(result_of),
                    first: 0,
                    stride: positions,
                    count,
                }
                .run();
                for (row, p) in (0..rows).flat_map(|row| (0..count).map(move |p| (row, p))) {
                    let sum: f32 = (0..terms).map(|k| weight(row, k) * source[offsets[k] as usize + p]).sum();
                    assert_eq!(
                        result[row * positions + p],
                        sum + row as f32,
                        "{rows} rows, {count} positions: {row}, {p}"
                    );
                }
            }
        }
    }
}
