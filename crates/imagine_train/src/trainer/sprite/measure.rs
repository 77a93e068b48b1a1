//! How far generated sprites are from held-back ones: sliced Wasserstein distance of the responses of a fixed random filter
//! bank, which no training sees. It ranks the states of one training; it is no measure between data sets.

use burn::tensor::backend::AutodiffBackend;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::SpriteTrainer;
use crate::architecture::normal;
use crate::architecture::sprite::SIDE;
use crate::data::{SpriteBatch, SpriteSet, VALUES};
use crate::error::TrainError;

/// Filters on every level.
const FILTERS: usize = 16;
/// Side of a filter.
const KERNEL: usize = 5;
/// Levels of the pyramid, each of half the side of the one before.
const LEVELS: usize = 3;
/// Numbers a sprite: each filter's mean response in each quarter of each level.
const FEATURES: usize = FILTERS * 4 * LEVELS;
/// Directions along which distributions are compared.
const DIRECTIONS: usize = 256;
/// Most sprites that are compared.
const MOST: usize = 512;

/// The filter bank, and how held-back sprites respond to it.
pub(super) struct Measure {
    filters: Vec<f32>,
    directions: Vec<f32>,
    /// What is asked of the generator: classes and prompts of the held-back sprites.
    asked: SpriteBatch,
    /// Mean and inverse deviation of each feature.
    scale: Vec<[f32; 2]>,
    /// Sorted positions of the held-back sprites along every direction.
    expected: Vec<Vec<f32>>,
}

impl Measure {
    pub fn new(set: &SpriteSet) -> Self {
        let mut rng = StdRng::seed_from_u64(0x5e7);
        let mut draw = |count: usize| (0..count).map(|_| normal(&mut rng)).collect::<Vec<f32>>();
        let (filters, directions) = (draw(LEVELS * FILTERS * KERNEL * KERNEL * 4), draw(DIRECTIONS * FEATURES));
        let asked = set.held_back_batch(MOST, &mut rng);
        let mut measure = Self { filters, directions, asked, scale: Vec::new(), expected: Vec::new() };
        let features = measure.features(&measure.asked.values);
        measure.scale = (0..FEATURES).map(|feature| mean_and_scale(&features, feature)).collect();
        measure.expected = measure.positions(&features);
        measure
    }

    /// Mean absolute distance along all directions between `values` and as many held-back sprites.
    pub fn distance(&self, values: &[f32]) -> f64 {
        let found = self.positions(&self.features(values));
        let (mut sum, mut count) = (0.0, 0);
        for (found, expected) in found.iter().zip(&self.expected) {
            for (found, expected) in found.iter().zip(expected) {
                sum += f64::from((found - expected).abs());
                count += 1;
            }
        }
        sum / f64::from(count.max(1))
    }

    fn features(&self, values: &[f32]) -> Vec<f32> {
        values.chunks_exact(VALUES).flat_map(|sprite| self.sprite_features(sprite)).collect()
    }

    fn sprite_features(&self, sprite: &[f32]) -> Vec<f32> {
        let mut features = Vec::with_capacity(FEATURES);
        let (mut level, mut side) = (sprite.to_vec(), SIDE);
        for bank in self.filters.chunks_exact(FILTERS * KERNEL * KERNEL * 4) {
            for filter in bank.chunks_exact(KERNEL * KERNEL * 4) {
                features.extend(quarter_means(&level, side, filter));
            }
            level = halved(&level, side);
            side /= 2;
        }
        features
    }

    /// Sorted positions along every direction.
    fn positions(&self, features: &[f32]) -> Vec<Vec<f32>> {
        let along = |direction: &[f32]| {
            let position = |features: &[f32]| -> f32 {
                let scaled = features.iter().zip(&self.scale).map(|(feature, [mean, scale])| (feature - mean) * scale);
                scaled.zip(direction).map(|(a, b)| a * b).sum::<f32>() / (FEATURES as f32).sqrt()
            };
            let mut positions: Vec<f32> = features.chunks_exact(FEATURES).map(position).collect();
            positions.sort_by(f32::total_cmp);
            positions
        };
        self.directions.chunks_exact(FEATURES).map(along).collect()
    }
}

fn mean_and_scale(features: &[f32], feature: usize) -> [f32; 2] {
    let values = || features.iter().skip(feature).step_by(FEATURES);
    let count = (features.len() / FEATURES).max(1) as f32;
    let mean = values().sum::<f32>() / count;
    let variance = values().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count;
    [mean, 1.0 / (variance.sqrt() + 1e-3)]
}

/// The mean over every quarter of what a filter gives where it is positive.
fn quarter_means(level: &[f32], side: usize, filter: &[f32]) -> [f32; 4] {
    let mut sums = [0.0; 4];
    let reach = KERNEL / 2;
    for y in reach..side - reach {
        for x in reach..side - reach {
            let mut response = 0.0;
            for (channel, kernel) in filter.chunks_exact(KERNEL * KERNEL).enumerate() {
                for (dy, row) in kernel.chunks_exact(KERNEL).enumerate() {
                    let first = (channel * side + y + dy - reach) * side + x - reach;
                    response += row.iter().zip(&level[first..first + KERNEL]).map(|(a, b)| a * b).sum::<f32>();
                }
            }
            sums[2 * (2 * y / side) + 2 * x / side] += response.max(0.0);
        }
    }
    sums.map(|sum| sum / (side * side / 4) as f32)
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

impl<A: AutodiffBackend> SpriteTrainer<A> {
    /// How far the averaged generator is from the held-back sprites, asked for their own classes and prompts.
    pub fn distance(&self) -> Result<f64, TrainError> {
        Ok(self.measure.distance(&self.shown(&self.measure.asked, 2)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic_set;

    #[test]
    fn the_same_sprites_have_no_distance_and_noise_has_much() {
        let set = synthetic_set(200);
        let measure = Measure::new(&set);
        let same = measure.asked.values.clone();
        assert_eq!(measure.distance(&same), 0.0);
        let trained: Vec<f32> = set.sprites.iter().take(measure.asked.classes.len()).flat_map(|s| s.values()).collect();
        let empty = vec![0.0; same.len()];
        let [near, far] = [measure.distance(&trained), measure.distance(&empty)];
        assert!(near < 0.5 * far, "{near} {far}");
    }
}
