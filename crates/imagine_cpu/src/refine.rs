//! Start, doubling and block moves of a field.

use imagine_graph::rng;
use rayon::prelude::*;

use crate::field::Field;
use crate::guide::Guide;
use crate::level::{Level, LevelShape};
use crate::{Edges, unpack};

/// Similar places that a guided block chooses from.
const CHOICES: usize = 8;

/// Where the first cell of a field lies, and which random numbers it draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Rows and columns after which the plane repeats; `None` on an endless plane.
    pub torus: Option<[usize; 2]>,
    /// Index of the image in its batch.
    pub image: u32,
    /// Key of the random numbers.
    pub key: u32,
}

impl Draw {
    /// The first image of an endless plane, or of a torus whose cells the field covers once.
    pub fn new(key: u32) -> Self {
        Self { torus: None, image: 0, key }
    }

    /// Coordinates, from `first` on, of `length` cells along an axis.
    fn coordinates(&self, axis: usize, first: i64, length: usize) -> Vec<i64> {
        let wrapped = |at: i64| self.torus.map_or(at, |sides| at.rem_euclid(sides[axis] as i64));
        (first..first + length as i64).map(wrapped).collect()
    }

    /// The words of the block of `size` cells that the cell in row `y` and column `x` of the plane belongs to. Starts and moves
    /// draw from planes of their own.
    fn words(&self, y: i64, x: i64, size: u32, moves: bool) -> [u32; 4] {
        let block = |at: i64| at.div_euclid(size.max(1).into()) as u32;
        rng::cell(block(x), block(y), 2 * self.image + u32::from(moves), self.key)
    }

    /// Index, in a field of `length` cells, of the centre of the block of `size` cells that a cell belongs to. The cell has `index` in the field
    /// and lies at `at` on the plane. A torus may end before the centre. If the field does not cover it, it is sought at the opposite end of a
    /// torus, else the nearest cell stands for it.
    fn center(&self, axis: usize, size: u32, at: i64, index: usize, length: usize) -> usize {
        let size = i64::from(size.max(1));
        let center = at.div_euclid(size) * size + size / 2;
        let center = self.torus.map_or(center, |sides| center.min(sides[axis] as i64 - 1));
        let (index, length) = (index as i64 + center - at, length as i64);
        (if self.torus.is_some() { index.rem_euclid(length) } else { index.clamp(0, length - 1) }) as usize
    }
}

/// The first field, of the coarsest level: each block of `block` x `block` cells of the plane shows a coherent piece from a
/// hashed place. Offsets (place minus cell) are multiples of `lattice`, `(rows, columns)`: (1, 1) allows any; the length of
/// a side keeps every row or column where it is. A bounded level has no lattice: its pieces lie inside it.
pub fn start(
    shape: LevelShape,
    (top, left, height, width): (i64, i64, usize, usize),
    block: u32,
    lattice: (u32, u32),
    draw: Draw,
) -> Field {
    let rows = draw.coordinates(0, top, height);
    let columns = draw.coordinates(1, left, width);
    let mut places = Vec::with_capacity(height * width);
    for &y in &rows {
        for &x in &columns {
            let words = draw.words(y, x, block, false);
            let down = first_place(shape.edges, words[0], shape.height, y, block, lattice.0);
            let right = first_place(shape.edges, words[1], shape.width, x, block, lattice.1);
            places.push(shape.moved((0, 0), down, right));
        }
    }
    Field { top, left, height, width, places }
}

/// Where the cell `at` of the plane begins along a side of `length` places, from the upper half of a word.
fn first_place(edges: Edges, word: u32, length: u32, at: i64, block: u32, period: u32) -> i64 {
    let below = |count: u32| ((word >> 16) * count) >> 16;
    match edges {
        Edges::Wrap => {
            let period = period.clamp(1, length);
            at.rem_euclid(length.into()) + i64::from(below(length / period) * period)
        }
        // The whole piece lies inside if it can.
        Edges::Bounded => {
            let margin = edges.margin(length);
            let free = (length - 2 * margin).saturating_sub(block) + 1;
            at.rem_euclid(block.max(1).into()) + i64::from(margin + below(free))
        }
    }
}

/// The field of the next level, whose places are half as far apart: `S'(2p + d) = 2 S(p) + d`. `shape` is that of the finer
/// level.
pub fn double(shape: LevelShape, field: &Field) -> Field {
    let (height, width) = (2 * field.height, 2 * field.width);
    let mut places = vec![0; height * width];
    places.par_chunks_mut(width).enumerate().for_each(|(row, places)| {
        for (column, place) in places.iter_mut().enumerate() {
            let (y, x) = unpack(field.at(row / 2, column / 2));
            *place = shape.moved((2 * y, 2 * x), (row % 2) as i64, (column % 2) as i64);
        }
    });
    Field { top: 2 * field.top, left: 2 * field.left, height, width, places }
}

/// How blocks move.
#[derive(Clone, Copy, Debug)]
pub struct Moves<'a> {
    /// Side of a block in cells.
    pub block: u32,
    /// How many of 256 blocks move.
    pub probability: u8,
    /// How much of the probability holds in each cell, 0 to 256, `[rows, columns]`, with the rows and columns of the field, or 1 for all of
    /// them. All of it if there is none.
    pub variation: Option<(&'a [i32], [usize; 2])>,
}

impl Moves<'_> {
    /// How many of 256 blocks move whose centre is in this row and column.
    fn probability(&self, row: usize, column: usize) -> u32 {
        let whole = u32::from(self.probability);
        self.variation.map_or(whole, |(variation, [rows, columns])| {
            let cell = if rows == 1 { 0 } else { row } * columns + if columns == 1 { 0 } else { column };
            (whole * variation[cell].clamp(0, 256) as u32) >> 8
        })
    }
}

/// Moves whole blocks of cells to a place similar to the one their centre shows, chosen by hash. The centre of a block is its cell
/// `(block / 2, block / 2)`, or the last cell of a torus that ends before it. If the field does not cover the centre, the cell is only right
/// up to the reach of this step. With a guide, whose target has the field's size, a block whose place costs something goes to the
/// cheapest of that place and eight similar ones. A level without a table leaves the field unchanged.
pub fn move_blocks(level: &Level, field: &mut Field, moves: Moves, draw: Draw, guide: Option<&Guide>) {
    if !level.has_table() || (moves.probability == 0 && guide.is_none()) {
        return;
    }
    let before = field.clone();
    let (height, width) = (field.height, field.width);
    let (rows, columns) = (draw.coordinates(0, field.top, height), draw.coordinates(1, field.left, width));
    field.places.par_chunks_mut(width).enumerate().for_each(|(row, places)| {
        let y = rows[row];
        let center_row = draw.center(0, moves.block, y, row, height);
        for (column, place) in places.iter_mut().enumerate() {
            let x = columns[column];
            let center_column = draw.center(1, moves.block, x, column, width);
            let words = draw.words(y, x, moves.block, true);
            let center = before.at(center_row, center_column);
            let similar = level.similar(center);
            let entry = |j: usize| similar[((words[1] >> 29) as usize + j) % similar.len()];
            let is_moved = words[0] >> 24 < moves.probability(center_row, center_column);
            let hashed = is_moved.then_some(0);
            let choice = guide.map_or(hashed, |guide| {
                let cost = |choice: &Option<usize>| guide.cost(choice.map_or(center, entry), center_row, center_column);
                let choices = std::iter::once(hashed).chain((0..CHOICES.min(similar.len())).map(Some));
                choices.min_by_key(cost).unwrap_or(hashed)
            });
            let Some(to) = choice.map(entry) else { continue };
            let ((y0, x0), (y1, x1)) = (unpack(center), unpack(to));
            *place = level.shape().moved(unpack(*place), i64::from(y1) - i64::from(y0), i64::from(x1) - i64::from(x0));
        }
    });
}
