//! Nearest-neighbour fields: search, propagation, distances and votes. `imagine_graph`'s reference page of `NnfSearch`, `NnfPropagate`,
//! `NnfDistance` and `NnfVote` defines every bit; here are the loops.

mod features;
mod propagate;
mod search;
mod vote;

pub use features::{Projection, pack_features, project};
pub use propagate::{Propagation, propagate};
pub use search::{Search, search};
pub use vote::{Vote, vote};

use rayon::prelude::*;

use crate::{pack, unpack};

/// Cost of a place that may not be shown.
pub const NOT_SHOWN: i32 = 1 << 30;
/// Largest factor of the 64th part of a cost.
const MAX_FACTOR: u32 = 255;

/// Target and source of a field: their features, and where to work.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// Rows and columns of cells of the target.
    pub size: [usize; 2],
    /// Rows and columns of places of the source.
    pub level: [usize; 2],
    /// Features of the cells, `[size, words]`, four signed bytes to a word.
    pub target: &'a [i32],
    /// Features of the places, `[level, words]`.
    pub source: &'a [i32],
    /// The places that may be shown; all if left out.
    pub source_mask: Option<&'a [bool]>,
    /// The cells that are worked on; all if left out.
    pub active: Option<&'a [bool]>,
    /// Whether the target continues at the opposite edge.
    pub tiles: bool,
    /// Whether the source continues at the opposite edge.
    pub source_tiles: bool,
}

impl Pair<'_> {
    fn words(&self) -> usize {
        self.target.len() / (self.size[0] * self.size[1])
    }

    fn is_active(&self, cell: usize) -> bool {
        self.active.is_none_or(|active| active[cell])
    }

    /// The index of the place at `row` and `column`, if the source has it.
    #[inline]
    fn place(&self, row: i32, column: i32) -> Option<usize> {
        within(row, column, self.level, self.source_tiles)
    }

    /// The index of the place, if the source has it and it may be shown.
    #[inline]
    fn shown(&self, row: i32, column: i32) -> Option<usize> {
        self.place(row, column).filter(|place| self.may_show(*place))
    }

    fn may_show(&self, place: usize) -> bool {
        self.source_mask.is_none_or(|mask| mask[place])
    }

    /// The sum of squared differences of the features of a cell and a place.
    #[inline]
    fn difference(&self, cell: usize, place: usize) -> i32 {
        let words = self.words();
        difference(&self.target[cell * words..][..words], &self.source[place * words..][..words])
    }

    /// What a `field` shows at a cell, clamped to the source.
    #[inline]
    fn seen(&self, word: i32) -> [i32; 2] {
        let (row, column) = unpack(word as u32);
        [row.min(self.level[0] as u32 - 1) as i32, column.min(self.level[1] as u32 - 1) as i32]
    }

    fn packed(&self, place: usize) -> i32 {
        pack((place / self.level[1]) as u32, (place % self.level[1]) as u32) as i32
    }

    /// The factor of the 64th part of a cost, for a place seen from a cell.
    #[inline]
    fn distant(&self, locality: u32, cell: [usize; 2], place: usize) -> u32 {
        let at = [place / self.level[1], place % self.level[1]];
        let [dy, dx]: [u32; 2] = std::array::from_fn(|axis| {
            let distance = at[axis].abs_diff(cell[axis]) as u32;
            let other_way = (self.level[axis] as u32).abs_diff(distance);
            if self.source_tiles { distance.min(other_way) } else { distance }
        });
        (locality * (dy.max(dx) + dy.min(dx) / 2) / self.level[0].max(self.level[1]) as u32).min(MAX_FACTOR)
    }
}

/// The index of `row` and `column` of a plane, if it has them.
#[inline]
fn within(row: i32, column: i32, [height, width]: [usize; 2], tiles: bool) -> Option<usize> {
    if tiles {
        return Some(row.rem_euclid(height as i32) as usize * width + column.rem_euclid(width as i32) as usize);
    }
    let inside = (0..height as i32).contains(&row) && (0..width as i32).contains(&column);
    inside.then(|| row as usize * width + column as usize)
}

/// The sum of squared differences of the signed bytes of two runs of words.
#[inline]
fn difference(a: &[i32], b: &[i32]) -> i32 {
    let mut sum = 0i32;
    for (a, b) in a.iter().zip(b) {
        for (a, b) in a.to_le_bytes().into_iter().zip(b.to_le_bytes()) {
            let difference = i32::from(a as i8) - i32::from(b as i8);
            sum = sum.wrapping_add(difference * difference);
        }
    }
    sum
}

/// `work(row, column, index)` for each active cell of a plane, 0 for the others, on all threads.
fn cells(pair: &Pair, field: &[i32], keep: bool, work: impl Fn(usize, usize, usize) -> i32 + Sync) -> Vec<i32> {
    let width = pair.size[1];
    let mut result = if keep { field.to_vec() } else { vec![0; field.len()] };
    result.par_chunks_mut(width).enumerate().for_each(|(row, result)| {
        for (column, result) in result.iter_mut().enumerate() {
            let index = row * width + column;
            if pair.is_active(index) {
                *result = work(row, column, index);
            }
        }
    });
    result
}

/// `|target[p] - source[field[p]]|^2` of each cell: [`NOT_SHOWN`] where the place may not be shown, 0 where not active.
pub fn distance(pair: &Pair, field: &[i32]) -> Vec<i32> {
    cells(pair, field, false, |_, _, cell| {
        let [row, column] = pair.seen(field[cell]);
        pair.shown(row, column).map_or(NOT_SHOWN, |place| pair.difference(cell, place))
    })
}

/// How often each place of `height` x `width` is among the packed places of `data` that are `counted`.
pub fn histogram(data: &[i32], counted: Option<&[bool]>, [height, width]: [usize; 2]) -> Vec<i32> {
    let mut counts = vec![0; height * width];
    for (index, place) in data.iter().enumerate() {
        let (row, column) = unpack(*place as u32);
        let (row, column) = (row as usize, column as usize);
        if row < height && column < width && counted.is_none_or(|counted| counted[index]) {
            counts[row * width + column] += 1;
        }
    }
    counts
}
