//! The loop of [`crate::product`] for few positions and many rows: lanes are rows, and positions stand side by side in registers, so that the
//! smallest images fill vectors as well as large ones. Every sum is the same chain in the same order: the same bits.

use crate::finish::Finish;
use crate::product::Packed;
use crate::simd::{self, Kernel, Lanes};

/// Rows that are computed together.
const LANES: usize = 32;
/// Positions up to which this loop is the faster one.
pub(crate) const MOST_POSITIONS: usize = 80;
/// Rows from which it is.
pub(crate) const FEWEST_ROWS: usize = 32;

/// Weights `[rows, terms]` in the order in which the loop reads them: blocks of [`LANES`] rows, side by side for each term.
#[derive(Clone, Debug)]
pub(crate) struct Wide {
    rows: usize,
    terms: usize,
    data: Vec<f32>,
}

impl Wide {
    /// The same weights in another order.
    pub fn new(packed: &Packed) -> Self {
        let (rows, terms) = (packed.rows, packed.terms);
        let mut data = vec![0.0; rows.div_ceil(LANES) * terms * LANES];
        for row in 0..rows {
            let block = row / LANES * terms * LANES + row % LANES;
            (0..terms).for_each(|term| data[block + term * LANES] = packed.at(row, term));
        }
        Self { rows, terms, data }
    }
}

/// One run of the loop.
pub(crate) struct WideProduct<'a> {
    pub weights: &'a Wide,
    /// Rows to write.
    pub rows: std::ops::Range<usize>,
    /// One number for each row of the weights; 0 if left out.
    pub bias: Option<&'a [f32]>,
    /// One for each term.
    pub offsets: &'a [u32],
    pub source: &'a [f32],
    /// Where each position begins in the source, and where its sums belong in a row of the result.
    pub places: &'a [(usize, usize)],
    /// The first of `rows` begins at its start.
    pub result: &'a mut [f32],
    /// Distance of rows in `result`.
    pub stride: usize,
}

impl WideProduct<'_> {
    /// Runs the loop.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run(self) {
        assert_eq!(self.offsets.len(), self.weights.terms);
        let furthest = self.offsets.iter().copied().max().unwrap_or(0) as usize;
        let last = self.places.iter().map(|place| place.0).max().unwrap_or(0);
        assert!(self.offsets.is_empty() || furthest + last < self.source.len(), "the source is too short");
        assert!(self.bias.is_none_or(|bias| bias.len() == self.weights.rows));
        simd::run(self);
    }

    /// Writes the sums of a position.
    #[inline(always)]
    fn write(&mut self, first: usize, place: usize, sums: &[f32; LANES]) {
        let rows = self.rows.start.max(first)..self.rows.end.min(first + LANES);
        for row in rows {
            self.result[(row - self.rows.start) * self.stride + place] = sums[row - first];
        }
    }

    /// `COUNT` positions from `at` on, `WIDTH` vectors of rows.
    #[inline(always)]
    fn sums<S: Lanes, const COUNT: usize, const WIDTH: usize>(&mut self, first: usize, at: usize) {
        let mut bias = [0.0; LANES];
        if let Some(all) = self.bias {
            let own = &all[first..(first + LANES).min(all.len())];
            bias[..own.len()].copy_from_slice(own);
        }
        let places: [(usize, usize); COUNT] = std::array::from_fn(|index| self.places[at + index]);
        let mut written = [[0.0f32; LANES]; COUNT];
        // SAFETY: `run` checked offsets and places; a block has `LANES` weights for each term.
        unsafe {
            let start: [S::V; WIDTH] = std::array::from_fn(|column| S::load(bias.as_ptr().add(column * S::N)));
            let mut sums: [[S::V; WIDTH]; COUNT] = [start; COUNT];
            let mut weights = self.weights.data.as_ptr().add(first * self.weights.terms);
            let from: [*const f32; COUNT] = std::array::from_fn(|index| self.source.as_ptr().add(places[index].0));
            for &offset in self.offsets {
                let w: [S::V; WIDTH] = std::array::from_fn(|column| S::load(weights.add(column * S::N)));
                for (sums, from) in sums.iter_mut().zip(from) {
                    let x = S::splat(*from.add(offset as usize));
                    for (sum, w) in sums.iter_mut().zip(w) {
                        *sum = S::fma(w, x, *sum);
                    }
                }
                weights = weights.add(LANES);
            }
            for (index, sums) in sums.into_iter().enumerate() {
                for (column, sum) in sums.into_iter().enumerate() {
                    S::store(written[index].as_mut_ptr().add(column * S::N), sum);
                }
            }
        }
        for (written, place) in written.iter().zip(places) {
            self.write(first, place.1, written);
        }
    }

    /// All positions for the rows from `first` on: `MANY` at once, then one by one.
    #[inline(always)]
    fn block<S: Lanes, const MANY: usize, const SOME: usize, const WIDTH: usize>(&mut self, first: usize) {
        let mut at = 0;
        while at + MANY <= self.places.len() {
            self.sums::<S, MANY, WIDTH>(first, at);
            at += MANY;
        }
        while at + SOME <= self.places.len() {
            self.sums::<S, SOME, WIDTH>(first, at);
            at += SOME;
        }
        while at < self.places.len() {
            self.sums::<S, 1, WIDTH>(first, at);
            at += 1;
        }
    }
}

impl Kernel for WideProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self) {
        let blocks = self.rows.start / LANES..self.rows.end.div_ceil(LANES);
        for block in blocks {
            match (S::N, S::REGISTERS) {
                (16, _) => self.block::<S, 8, 4, 2>(block * LANES),
                (4, _) => self.block::<S, 3, 1, 8>(block * LANES),
                (_, 16) => self.block::<S, 3, 1, 4>(block * LANES),
                _ => self.block::<S, 1, 1, 4>(block * LANES),
            }
        }
    }
}

/// Finishes rows of sums of `count` positions that are `stride` apart.
pub(crate) fn finish(finish: Finish, rows: std::ops::Range<usize>, result: &mut [f32], stride: usize, count: usize) {
    for (row, result) in rows.zip(result.chunks_mut(stride)) {
        finish.row(row, &mut result[..count]);
    }
}
