//! Features of crops of materials: responses to fixed random filters of 5x5 texels over one to three channels, on four levels of
//! a pyramid; mean and deviation of each channel; autocorrelation of colour, height and roughness, which shows courses of bricks
//! and planks. Features do not depend on positions in a crop.

use rand::rngs::StdRng;
use rand::seq::index;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

use super::format::CHANNELS;
use crate::core::rng::normal;
use crate::metric::{Table, sliced_distance};

/// Filters per level.
const FILTERS: usize = 8;
/// Side of a filter.
const KERNEL: usize = 5;
/// Channels that a filter sees, at most.
const MOST_CHANNELS: usize = 3;
/// Levels of the pyramid, each half the side of the one before.
const LEVELS: usize = 4;
/// Texels between two applications of a filter.
const STEP: usize = 2;
/// Lags of the autocorrelation, `[y, x]`, in texels at half the size.
const LAGS: [[usize; 2]; 8] = [[4, 0], [0, 4], [8, 0], [0, 8], [11, 0], [0, 11], [6, 6], [10, 10]];
/// Channels with an autocorrelation: green, height, roughness.
const COMPARED: [usize; 3] = [1, 5, 6];
/// Features per crop: mean and deviation of each channel, autocorrelations, mean and deviation of each filter's responses.
pub(super) const FEATURES: usize = 2 * (FILTERS * LEVELS + CHANNELS) + COMPARED.len() * LAGS.len();

/// A bank of random filters.
#[derive(Clone, Debug)]
pub(super) struct MaterialBank {
    /// Channels and weights of each filter, level by level.
    filters: Vec<Vec<(usize, [f32; KERNEL * KERNEL])>>,
}

impl MaterialBank {
    /// The bank with this seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let filter = |_| {
            let count = rng.random_range(1..=MOST_CHANNELS);
            let channels = index::sample(&mut rng, CHANNELS, count).into_vec();
            channels.into_iter().map(|channel| (channel, std::array::from_fn(|_| normal(&mut rng)))).collect()
        };
        Self { filters: (0..LEVELS * FILTERS).map(filter).collect() }
    }

    /// One row of [`FEATURES`] numbers per crop `[CHANNELS, side, side]`.
    pub fn features(&self, values: &[f32], side: usize) -> Table {
        let crops = values.par_chunks_exact(CHANNELS * side * side);
        let values = crops.flat_map_iter(|crop| self.crop_features(crop, side)).collect();
        Table { width: FEATURES, values }
    }

    fn crop_features(&self, crop: &[f32], side: usize) -> Vec<f32> {
        let mut features = Vec::with_capacity(FEATURES);
        crop.chunks_exact(side * side).for_each(|plane| features.extend(moments(plane.iter().copied())));
        features.extend(covariances(crop, side));
        let (mut level, mut side) = (crop.to_vec(), side);
        for bank in self.filters.chunks_exact(FILTERS) {
            bank.iter().for_each(|filter| features.extend(response(&level, side, filter)));
            if side >= 4 * KERNEL {
                level = halved(&level, side);
                side /= 2;
            }
        }
        features
    }
}

/// Sliced distance of each kind between two tables with `each` rows per kind.
pub(super) fn kind_distances(found: &Table, expected: &Table, each: usize) -> Vec<f64> {
    let rows = |table: &Table, kind: usize| table.pick(&(kind * each..(kind + 1) * each).collect::<Vec<_>>());
    (0..found.len() / each).map(|kind| sliced_distance(&rows(found, kind), &rows(expected, kind))).collect()
}

/// Mean absolute response and the deviation of responses.
fn response(level: &[f32], side: usize, filter: &[(usize, [f32; KERNEL * KERNEL])]) -> [f32; 2] {
    let (mut absolute, mut sum, mut squares, mut count) = (0.0, 0.0, 0.0, 0);
    for y in (0..=side - KERNEL).step_by(STEP) {
        for x in (0..=side - KERNEL).step_by(STEP) {
            let mut value = 0.0;
            for (channel, kernel) in filter {
                for (dy, row) in kernel.chunks_exact(KERNEL).enumerate() {
                    let first = (channel * side + y + dy) * side + x;
                    value += row.iter().zip(&level[first..first + KERNEL]).map(|(a, b)| a * b).sum::<f32>();
                }
            }
            absolute += value.abs();
            sum += value;
            squares += value * value;
            count += 1;
        }
    }
    let count = count as f32;
    [absolute / count, (squares / count - (sum / count).powi(2)).max(0.0).sqrt()]
}

/// Autocorrelation of each of [`COMPARED`] at each of [`LAGS`], at half the size, times the deviation, so that nearly flat channels
/// have none; 0 if the crop is smaller than the lag.
fn covariances(crop: &[f32], side: usize) -> Vec<f32> {
    let (level, side) = (halved(crop, side), side / 2);
    let of_channel = |channel: usize| {
        let plane = &level[channel * side * side..(channel + 1) * side * side];
        let [mean, deviation] = moments(plane.iter().copied());
        LAGS.map(|[down, across]| {
            let (height, width) = (side.saturating_sub(down), side.saturating_sub(across));
            let product = |at: usize| {
                let (y, x) = (at / width, at % width);
                (plane[y * side + x] - mean) * (plane[(y + down) * side + x + across] - mean)
            };
            let sum: f32 = (0..height * width).map(product).sum();
            sum / ((height * width).max(1) as f32 * (deviation + 0.02))
        })
    };
    COMPARED.into_iter().flat_map(of_channel).collect()
}

/// Mean and deviation.
pub(super) fn moments(values: impl Iterator<Item = f32> + Clone) -> [f32; 2] {
    let count = values.clone().count().max(1) as f32;
    let mean = values.clone().sum::<f32>() / count;
    [mean, (values.map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt()]
}

fn halved(level: &[f32], side: usize) -> Vec<f32> {
    let half = side / 2;
    let mean = |at: usize| {
        let (plane, y, x) = (at / (half * half), at / half % half, at % half);
        let texel = |dy, dx| level[(plane * side + 2 * y + dy) * side + 2 * x + dx];
        (texel(0, 0) + texel(0, 1) + texel(1, 0) + texel(1, 1)) / 4.0
    };
    (0..CHANNELS * half * half).map(mean).collect()
}
