//! Patches of crops of materials, in which copying would show: a generator could repeat a stone or a leaf without repeating a crop.

use rand::Rng;

use crate::architecture::material::CHANNELS;
use crate::metric::Table;

/// Side of a patch in texels.
pub(super) const PATCH: usize = 16;
/// Texels that are averaged along a side: grain says nothing about copying, shapes do.
const CELL: usize = 2;
/// Texels between two patches of those that are trained on.
const STEP: usize = 8;
/// Numbers of a patch.
const WIDTH: usize = CHANNELS * (PATCH / CELL) * (PATCH / CELL);

/// `each` patches of every crop `[CHANNELS, side, side]`, from anywhere in it.
pub(super) fn some(values: &[f32], side: usize, each: usize, rng: &mut impl Rng) -> Table {
    let mut patches = Table { width: WIDTH, values: Vec::new() };
    for crop in values.chunks_exact(CHANNELS * side * side) {
        for _ in 0..each {
            let [top, left] = [(); 2].map(|()| rng.random_range(0..=side - PATCH));
            push(&mut patches.values, crop, side, [top, left]);
        }
    }
    patches
}

/// All patches of every crop, [`STEP`] texels apart.
pub(super) fn all(values: &[f32], side: usize) -> Table {
    let mut patches = Table { width: WIDTH, values: Vec::new() };
    for crop in values.chunks_exact(CHANNELS * side * side) {
        for top in (0..=side - PATCH).step_by(STEP) {
            for left in (0..=side - PATCH).step_by(STEP) {
                push(&mut patches.values, crop, side, [top, left]);
            }
        }
    }
    patches
}

fn push(patches: &mut Vec<f32>, crop: &[f32], side: usize, [top, left]: [usize; 2]) {
    for plane in crop.chunks_exact(side * side) {
        for y in (top..top + PATCH).step_by(CELL) {
            for x in (left..left + PATCH).step_by(CELL) {
                let sum: f32 = (y..y + CELL).flat_map(|y| &plane[y * side + x..][..CELL]).sum();
                patches.push(sum / (CELL * CELL) as f32);
            }
        }
    }
}
