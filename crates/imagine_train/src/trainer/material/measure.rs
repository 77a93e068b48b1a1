//! How far generated crops are from held-back strips of the same kinds: sliced Wasserstein distance of the responses of a
//! fixed random filter bank, which no training sees. It ranks the states of one training; it is no measure between data sets.

use burn::tensor::backend::AutodiffBackend;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::MaterialTrainer;
use crate::data::{MaterialSet, Part};
use crate::error::TrainError;
use crate::evaluate::material::{FEATURES, MaterialBank, sliced_distance};
use crate::metric::Table;

/// Seed of the filter bank.
const SEED: u64 = 0x3a7;
/// Crops of a kind.
const EACH: usize = 4;
/// Largest side of the crops in texels, and what sides are multiples of.
const SIDES: [usize; 2] = [128, 32];

/// The filter bank, and how held-back strips respond to it.
pub(super) struct Measure {
    bank: MaterialBank,
    side: usize,
    /// Kinds that have strips, and for each crop its exemplar and its channels that are there.
    kinds: Vec<usize>,
    exemplars: Vec<usize>,
    present: Vec<f32>,
    /// Mean and deviation of each feature.
    moments: Vec<[f32; 2]>,
    expected: Table,
}

impl Measure {
    pub fn new(set: &MaterialSet, crop: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(SEED);
        let bank = MaterialBank::new(SEED);
        let side = SIDES[0].min(crop / SIDES[1] * SIDES[1]);
        let (mut kinds, mut exemplars, mut present) = (Vec::new(), Vec::new(), Vec::new());
        let mut features = Table { width: FEATURES, values: Vec::new() };
        for kind in 0..set.kinds.len() {
            for part in [Part::UpperStrips, Part::LowerStrips] {
                let crops = set.crops(part, kind, EACH / 2, side, &mut rng);
                exemplars.extend(crops.exemplars.into_iter().flatten());
                present.extend(crops.present);
                features.values.extend(bank.features(&crops.values, side).values);
                if !crops.kinds.is_empty() && kinds.last() != Some(&kind) {
                    kinds.push(kind);
                }
            }
        }
        let moments = features.moments();
        let expected = features.standardised(&moments);
        Self { bank, side, kinds, exemplars, present, moments, expected }
    }

    /// Side of the crops that are compared.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Kinds that are compared.
    pub fn kinds(&self) -> &[usize] {
        &self.kinds
    }

    /// Mean over the kinds of the distance between `values`, crops of the exemplars, and the held-back ones of these.
    pub fn distance(&self, mut values: Vec<f32>) -> f64 {
        let channels = values.chunks_exact_mut(self.side * self.side);
        for (channel, present) in channels.zip(&self.present) {
            channel.iter_mut().for_each(|value| *value *= present);
        }
        let found = self.bank.features(&values, self.side).standardised(&self.moments);
        let distances = sliced_distance(&found, &self.expected, EACH);
        distances.iter().sum::<f64>() / distances.len().max(1) as f64
    }
}

impl<A: AutodiffBackend> MaterialTrainer<A> {
    /// How far the averaged generator is from the held-back strips.
    pub fn distance(&self) -> Result<f64, TrainError> {
        let values = self.shown(&self.measure.exemplars, self.measure.side(), 2)?;
        Ok(self.measure.distance(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::materials::tests::synthetic_set;

    #[test]
    fn other_crops_of_the_kind_are_nearer_than_those_of_another_kind() {
        let set = synthetic_set();
        let measure = Measure::new(&set, 64);
        let crops = |kind_of: &dyn Fn(usize) -> usize| {
            let mut rng = StdRng::seed_from_u64(9);
            let mut of = |kind: usize| set.crops(Part::Trained, kind_of(kind), EACH, 64, &mut rng).values;
            measure.kinds().iter().flat_map(|kind| of(*kind)).collect::<Vec<f32>>()
        };
        let count = set.kinds.len();
        let [own, other] = [measure.distance(crops(&|kind| kind)), measure.distance(crops(&|kind| (kind + 1) % count))];
        assert!(own < 0.5 * other, "{own} {other}");
    }
}
