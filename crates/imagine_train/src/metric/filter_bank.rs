//! Responses of sprites to fixed random filters: 5x5 pixels over all four channels, on three levels of a pyramid.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::Table;
use crate::architecture::normal;
use crate::architecture::sprite::SIDE;
use crate::data::VALUES;

/// Filters on every level.
const FILTERS: usize = 16;
/// Side of a filter.
const KERNEL: usize = 5;
/// Elements of a filter.
const ELEMENTS: usize = KERNEL * KERNEL * 4;
/// Levels of the pyramid, each of half the side of the one before.
const LEVELS: usize = 3;
/// Places from one patch to the next where responses are compared one by one.
const PATCH_STRIDE: usize = 2;
/// Numbers a sprite: each filter's mean positive response in each quarter of each level.
pub const FEATURES: usize = FILTERS * 4 * LEVELS;

/// A bank of random filters.
#[derive(Clone, Debug)]
pub struct FilterBank {
    filters: Vec<f32>,
}

impl FilterBank {
    /// The bank of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self { filters: (0..LEVELS * FILTERS * ELEMENTS).map(|_| normal(&mut rng)).collect() }
    }

    /// One row of [`FEATURES`] numbers for each sprite of [`VALUES`] numbers.
    pub fn features(&self, values: &[f32]) -> Table {
        let values = values.chunks_exact(VALUES).flat_map(|sprite| self.sprite_features(sprite)).collect();
        Table { width: FEATURES, values }
    }

    /// What every filter gives at every other place of every sprite, sorted: a list a filter, levels one after the other.
    pub fn responses(&self, values: &[f32]) -> Vec<Vec<f32>> {
        let mut found = vec![Vec::new(); LEVELS * FILTERS];
        for sprite in values.chunks_exact(VALUES) {
            let (mut level, mut side) = (sprite.to_vec(), SIDE);
            for (bank, found) in self.filters.chunks_exact(FILTERS * ELEMENTS).zip(found.chunks_exact_mut(FILTERS)) {
                for (filter, found) in bank.chunks_exact(ELEMENTS).zip(found) {
                    each_response(&level, side, filter, PATCH_STRIDE, |_, _, response| found.push(response));
                }
                level = halved(&level, side);
                side /= 2;
            }
        }
        found.iter_mut().for_each(|responses| responses.sort_by(f32::total_cmp));
        found
    }

    fn sprite_features(&self, sprite: &[f32]) -> Vec<f32> {
        let mut features = Vec::with_capacity(FEATURES);
        let (mut level, mut side) = (sprite.to_vec(), SIDE);
        for bank in self.filters.chunks_exact(FILTERS * ELEMENTS) {
            features.extend(bank.chunks_exact(ELEMENTS).flat_map(|filter| quarter_means(&level, side, filter)));
            level = halved(&level, side);
            side /= 2;
        }
        features
    }
}

/// The mean over every quarter of what a filter gives where it is positive.
fn quarter_means(level: &[f32], side: usize, filter: &[f32]) -> [f32; 4] {
    let mut sums = [0.0; 4];
    each_response(level, side, filter, 1, |y, x, response| {
        sums[2 * (2 * y / side) + 2 * x / side] += response.max(0.0);
    });
    sums.map(|sum| sum / (side * side / 4) as f32)
}

/// Calls `take` with row, column and the filter's response at every `stride`-th place that has a whole neighbourhood.
fn each_response(level: &[f32], side: usize, filter: &[f32], stride: usize, mut take: impl FnMut(usize, usize, f32)) {
    let reach = KERNEL / 2;
    for y in (reach..side - reach).step_by(stride) {
        for x in (reach..side - reach).step_by(stride) {
            let mut response = 0.0;
            for (channel, kernel) in filter.chunks_exact(KERNEL * KERNEL).enumerate() {
                for (dy, row) in kernel.chunks_exact(KERNEL).enumerate() {
                    let first = (channel * side + y + dy - reach) * side + x - reach;
                    response += row.iter().zip(&level[first..first + KERNEL]).map(|(a, b)| a * b).sum::<f32>();
                }
            }
            take(y, x, response);
        }
    }
}

fn halved(level: &[f32], side: usize) -> Vec<f32> {
    let half = side / 2;
    let mean = |at: usize| {
        let (plane, y, x) = (at / (half * half), at / half % half, at % half);
        let pixel = |dy, dx| level[(plane * side + 2 * y + dy) * side + 2 * x + dx];
        (pixel(0, 0) + pixel(0, 1) + pixel(1, 0) + pixel(1, 1)) / 4.0
    };
    (0..4 * half * half).map(mean).collect()
}
