//! Start, doubling and block moves of a field.

use imagine_graph::rng;
use rayon::prelude::*;

use crate::field::{Field, unpack};
use crate::level::{Edges, Level};

/// Planes of random numbers.
const START: u32 = 0;
const MOVES: u32 = 1;

/// The first field, of the coarsest level: each block of `block` x `block` cells of the plane shows a coherent piece from a
/// hashed place. Offsets (place minus cell) are multiples of `lattice`, `(rows, columns)`: (1, 1) allows any; the length of
/// a side keeps every row or column where it is. A bounded level has no lattice: its pieces lie inside it.
pub fn start(
    level: &Level,
    (top, left, height, width): (i64, i64, usize, usize),
    block: u32,
    lattice: (u32, u32),
    key: u32,
) -> Field {
    let mut places = Vec::with_capacity(height * width);
    for y in top..top + height as i64 {
        for x in left..left + width as i64 {
            let words = block_words(y, x, block, START, key);
            let down = first_place(level, words[0], level.height(), y, block, lattice.0);
            let right = first_place(level, words[1], level.width(), x, block, lattice.1);
            places.push(level.moved((0, 0), down, right));
        }
    }
    Field { top, left, height, width, places }
}

/// Where the cell `at` of the plane begins along a side of `length` places, from the upper half of a word.
fn first_place(level: &Level, word: u32, length: u32, at: i64, block: u32, period: u32) -> i64 {
    let below = |count: u32| ((word >> 16) * count) >> 16;
    match level.edges() {
        Edges::Wrap => {
            let period = period.clamp(1, length);
            at.rem_euclid(length.into()) + i64::from(below(length / period) * period)
        }
        // The whole piece lies inside if it can.
        Edges::Bounded => {
            let margin = level.margin(length);
            let free = (length - 2 * margin).saturating_sub(block) + 1;
            at.rem_euclid(block.max(1).into()) + i64::from(margin + below(free))
        }
    }
}

/// The words of the block that the cell in row `y` and column `x` of the plane belongs to.
fn block_words(y: i64, x: i64, block: u32, plane: u32, key: u32) -> [u32; 4] {
    let block = i64::from(block.max(1));
    rng::cell(x.div_euclid(block) as u32, y.div_euclid(block) as u32, plane, key)
}

/// The field of the next level, whose places are half as far apart: `S'(2p + d) = 2 S(p) + d`. `level` is the finer level.
pub fn double(level: &Level, field: &Field) -> Field {
    let (height, width) = (2 * field.height, 2 * field.width);
    let mut places = vec![0; height * width];
    places.par_chunks_mut(width).enumerate().for_each(|(row, places)| {
        for (column, place) in places.iter_mut().enumerate() {
            let (y, x) = unpack(field.at(row / 2, column / 2));
            *place = level.moved((2 * y, 2 * x), (row % 2) as i64, (column % 2) as i64);
        }
    });
    Field { top: 2 * field.top, left: 2 * field.left, height, width, places }
}

/// Moves whole blocks of `block` x `block` cells to a place similar to the one their centre shows: `probability` of 256
/// blocks, chosen by hash. The centre of a block is its cell `(block / 2, block / 2)`; the field must cover it even if it
/// covers only a part of the block. A level without a table leaves the field unchanged.
///
/// # Panics
/// If the field does not begin and end with whole blocks.
pub fn move_blocks(level: &Level, field: &mut Field, block: u32, probability: u8, key: u32) {
    if !level.has_table() || probability == 0 {
        return;
    }
    let size = i64::from(block.max(1));
    let whole = |at: i64| at.rem_euclid(size) == 0;
    assert!(whole(field.top) && whole(field.left), "a field that begins inside a block");
    let before = field.clone();
    let (top, left, width) = (field.top, field.left, field.width);
    field.places.par_chunks_mut(width).enumerate().for_each(|(row, places)| {
        let y = top + row as i64;
        let center_row = (y.div_euclid(size) * size + size / 2 - top).min(before.height as i64 - 1) as usize;
        for (column, place) in places.iter_mut().enumerate() {
            let x = left + column as i64;
            let words = block_words(y, x, block, MOVES, key);
            if words[0] >> 24 >= u32::from(probability) {
                continue;
            }
            let center_column = (x.div_euclid(size) * size + size / 2 - left).min(before.width as i64 - 1) as usize;
            let center = before.at(center_row, center_column);
            let similar = level.similar(center);
            let to = similar[(words[1] >> 29) as usize % similar.len()];
            let ((y0, x0), (y1, x1)) = (unpack(center), unpack(to));
            *place = level.moved(unpack(*place), i64::from(y1) - i64::from(y0), i64::from(x1) - i64::from(x0));
        }
    });
}
