//! How far generated sprites are from held-back ones: sliced Wasserstein distance of the responses of a fixed random filter
//! bank, which no training sees. It ranks the states of one training; it is no measure between data sets.

use burn::tensor::backend::AutodiffBackend;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::SpriteTrainer;
use crate::architecture::normal;
use crate::data::{SpriteBatch, SpriteSet};
use crate::error::TrainError;
use crate::metric::{FEATURES, FilterBank, Table};

/// Seed of the filter bank.
const SEED: u64 = 0x5e7;
/// Directions along which distributions are compared.
const DIRECTIONS: usize = 256;
/// Most sprites that are compared.
const MOST: usize = 512;

/// The filter bank, and how held-back sprites respond to it.
pub(super) struct Measure {
    bank: FilterBank,
    directions: Vec<f32>,
    /// What is asked of the generator: classes and prompts of the held-back sprites.
    asked: SpriteBatch,
    /// Mean and deviation of each feature.
    moments: Vec<[f32; 2]>,
    /// Sorted positions of the held-back sprites along every direction.
    expected: Vec<Vec<f32>>,
}

impl Measure {
    pub fn new(set: &SpriteSet) -> Self {
        let mut rng = StdRng::seed_from_u64(SEED);
        let directions = (0..DIRECTIONS * FEATURES).map(|_| normal(&mut rng)).collect();
        let (bank, asked) = (FilterBank::new(SEED), set.held_back_batch(MOST, &mut rng));
        let features = bank.features(&asked.values);
        let moments = features.moments();
        let mut measure = Self { bank, directions, asked, moments, expected: Vec::new() };
        measure.expected = measure.positions(&features);
        measure
    }

    /// Mean absolute distance along all directions between `values` and as many held-back sprites.
    pub fn distance(&self, values: &[f32]) -> f64 {
        let found = self.positions(&self.bank.features(values));
        let (mut sum, mut count) = (0.0, 0);
        for (found, expected) in found.iter().zip(&self.expected) {
            for (found, expected) in found.iter().zip(expected) {
                sum += f64::from((found - expected).abs());
                count += 1;
            }
        }
        sum / f64::from(count.max(1))
    }

    /// Sorted positions along every direction.
    fn positions(&self, features: &Table) -> Vec<Vec<f32>> {
        let features = features.standardised(&self.moments);
        let along = |direction: &[f32]| {
            let dot = |row: &[f32]| row.iter().zip(direction).map(|(a, b)| a * b).sum::<f32>();
            let mut positions: Vec<f32> = features.rows().map(|row| dot(row) / (FEATURES as f32).sqrt()).collect();
            positions.sort_by(f32::total_cmp);
            positions
        };
        self.directions.chunks_exact(FEATURES).map(along).collect()
    }
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
