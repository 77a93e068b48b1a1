//! Responses of square images to fixed random filters: 5x5 pixels over all channels, on three levels of a pyramid.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;

use super::Table;
use crate::core::rng::normal;

/// Filters per level.
const FILTERS: usize = 16;
/// Side of a filter.
const KERNEL: usize = 5;
/// Levels of the pyramid, each half the side of the one before.
const LEVELS: usize = 3;
/// Pixels between two patches whose responses are compared.
const PATCH_STRIDE: usize = 2;
/// Features per image: each filter's mean positive response in each quarter of each level.
const FEATURES: usize = FILTERS * 4 * LEVELS;

/// A bank of random filters.
#[derive(Clone, Debug)]
pub struct FilterBank {
    channels: usize,
    side: usize,
    filters: Vec<f32>,
}

impl FilterBank {
    /// The bank with this seed, for images `[channels, side, side]`.
    pub fn new(seed: u64, channels: usize, side: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let count = LEVELS * FILTERS * KERNEL * KERNEL * channels;
        Self { channels, side, filters: (0..count).map(|_| normal(&mut rng)).collect() }
    }

    /// One row of features per image.
    pub fn features(&self, values: &[f32]) -> Table {
        let of_image = |image: &[f32]| {
            let mut features = Vec::with_capacity(FEATURES);
            self.each_filter(image, |_, level, side, filter| features.extend(quarter_means(level, side, filter)));
            features
        };
        let values = values.par_chunks_exact(self.values()).flat_map_iter(of_image).collect();
        Table { width: FEATURES, values }
    }

    /// Sorted responses of each filter at every other pixel of all images, levels one after the other.
    pub fn responses(&self, values: &[f32]) -> Vec<Vec<f32>> {
        let mut found = vec![Vec::new(); LEVELS * FILTERS];
        for image in values.chunks_exact(self.values()) {
            self.each_filter(image, |index, level, side, filter| {
                each_response(level, side, filter, PATCH_STRIDE, |_, _, response| found[index].push(response));
            });
        }
        found.par_iter_mut().for_each(|responses| responses.sort_by(f32::total_cmp));
        found
    }

    /// Values per image.
    fn values(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// Calls `take` with each filter's index, the level of `image` that it applies to, the level's side and the filter.
    fn each_filter(&self, image: &[f32], mut take: impl FnMut(usize, &[f32], usize, &[f32])) {
        let (mut level, mut side) = (image.to_vec(), self.side);
        for (index, filter) in self.filters.chunks_exact(KERNEL * KERNEL * self.channels).enumerate() {
            if index > 0 && index % FILTERS == 0 {
                level = halved(&level, side);
                side /= 2;
            }
            take(index, &level, side, filter);
        }
    }
}

/// The mean positive response of a filter in each quarter.
fn quarter_means(level: &[f32], side: usize, filter: &[f32]) -> [f32; 4] {
    let mut sums = [0.0; 4];
    each_response(level, side, filter, 1, |y, x, response| {
        sums[2 * (2 * y / side) + 2 * x / side] += response.max(0.0);
    });
    sums.map(|sum| sum / (side * side / 4) as f32)
}

/// Calls `take` with row, column and response, at every `stride`-th pixel whose neighbourhood lies inside.
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
    (0..level.len() / 4).map(mean).collect()
}
