//! Crops of every kind on both sides of the comparisons, as features, and the figures that follow from them.

use imagine_burn::RunError;
use rand::rngs::StdRng;
use rand::seq::index;
use rand::{Rng, SeedableRng};

use super::bank::moments;
use super::patches::{self, PATCH};
use super::{
    Between, FEATURES, KindFigures, MaterialBank, MaterialEvaluation, MaterialEvaluationOptions, sliced_distance,
};
use crate::architecture::material::CHANNELS;
use crate::data::{MaterialBatch, MaterialSet, Part};
use crate::evaluate::copies::{Compared, copy_test};
use crate::evaluate::{CopyTest, Figure};
use crate::metric::{Nearest, Seam, Table, frechet, nearest_rows, neighbourhood, seam, vendi};

/// Seed of the filter bank; training ranks its own states with another.
const BANK: u64 = 0x3a7e;
/// Crops of a kind, on each side of every comparison but the copy tests.
pub(super) const EACH: usize = 16;
/// Training crops of a kind that the classifier and the copy tests know.
const KNOWN: usize = 64;
/// Neighbours that the classifier asks.
const NEIGHBOURS: usize = 5;
/// Patches of a held-back crop in the copy test.
const HELD_BACK_PATCHES: usize = 4;

/// Crops of every kind, in the order of kinds, `each` of a kind.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    /// Kinds that have held-back strips.
    kinds: Vec<usize>,
    held_back: Table,
    elsewhere: Table,
    shuffled: Table,
    /// The first [`EACH`] of every kind.
    generated: Table,
    /// All of them.
    samples: Table,
    /// Training crops, [`KNOWN`] of a kind.
    known: Table,
    /// Of every kind the seams of generated and of held-back crops.
    seams: Vec<[Seam; 2]>,
    /// The nearest training patch of the same kind to patches of generated and of held-back crops.
    nearest_patches: [Vec<Nearest>; 2],
}

impl Sides {
    /// Draws crops of every kind that has held-back strips. `make` gives all channels of one crop of a kind and a seed.
    pub fn new(
        set: &MaterialSet,
        options: &MaterialEvaluationOptions,
        make: impl Fn(usize, u64) -> Result<Vec<f32>, RunError>,
    ) -> Result<Self, RunError> {
        let side = options.crop;
        let mut rng = StdRng::seed_from_u64(BANK);
        let bank = MaterialBank::new(BANK);
        let mut tables = [(); 6].map(|()| Table { width: FEATURES, values: Vec::new() });
        let (mut kinds, mut seams, mut nearest_patches) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
        let count = options.copies.div_ceil(set.kinds.len().max(1)).max(EACH);
        let first = EACH * CHANNELS * side * side;
        for kind in 0..set.kinds.len() {
            let [upper, lower] =
                [Part::UpperStrips, Part::LowerStrips].map(|part| set.crops(part, kind, EACH, side, &mut rng));
            if upper.kinds.is_empty() {
                continue;
            }
            kinds.push(kind);
            let trained = set.crops(Part::Trained, kind, KNOWN, side, &mut rng);
            let shuffled = shuffled_patches(&trained, &mut rng);
            let colors: Vec<Colors> = trained.values.chunks_exact(CHANNELS * side * side).map(colors).collect();
            let mut made = Vec::with_capacity(count * CHANNELS * side * side);
            for index in 0..count {
                let mut crop = make(kind, (kind << 32 | index) as u64)?;
                keep_maps_of_the_nearest(&mut crop, &trained.present, &colors);
                made.extend(crop);
            }
            let parts = [&upper.values, &lower.values, &shuffled[..first], &made[..first], &made, &trained.values];
            for (table, part) in tables.iter_mut().zip(parts) {
                table.values.extend(bank.features(part, side).values);
            }
            seams.push([&made, &upper.values].map(|values| seam(values, side)));
            let known = patches::all(&trained.values, side);
            let sides = [(&made, 1), (&upper.values, HELD_BACK_PATCHES)];
            for (nearest, (values, each)) in nearest_patches.iter_mut().zip(sides) {
                nearest.extend(nearest_rows(&patches::some(values, side, each, &mut rng), &known));
            }
        }
        let moments = tables[0].moments();
        let [held_back, elsewhere, shuffled, generated, samples, known] =
            tables.map(|table| table.standardised(&moments));
        Ok(Self { kinds, held_back, elsewhere, shuffled, generated, samples, known, seams, nearest_patches })
    }

    /// Whether no kind has held-back strips that are large enough.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// All figures, of a generator with as many `parameters`.
    pub fn figures(&self, set: &MaterialSet, side: usize, parameters: usize) -> MaterialEvaluation {
        let real = &self.held_back;
        let distances = |table: &Table| sliced_distance(table, real, EACH);
        let [ours, floor, shuffled] = [&self.generated, &self.elsewhere, &self.shuffled].map(distances);
        let [agreed, right] = [&self.generated, real].map(|table| self.taken_for_its_kind(table));
        let kinds = self.kinds.iter().enumerate().map(|(index, kind)| KindFigures {
            kind: set.kinds[*kind].clone(),
            distance: Between { generated: ours[index], floor: floor[index], shuffled: shuffled[index] },
            agreement: agreed[index],
            accuracy: right[index],
        });
        let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len().max(1) as f64;
        MaterialEvaluation {
            parameters,
            side,
            crops: real.len(),
            frechet: self.between(|table| frechet(table, real)),
            neighbourhood: self.between(|table| neighbourhood(table, real)),
            vendi: self.between(vendi),
            agreement: mean(&agreed),
            accuracy: mean(&right),
            seam: Figure { generated: self.seam(0), real: self.seam(1) },
            copies: self.copies(),
            kinds: kinds.collect(),
        }
    }

    fn seam(&self, part: usize) -> Seam {
        let mean = |of: fn(&Seam) -> f64| {
            self.seams.iter().map(|seams| of(&seams[part])).sum::<f64>() / self.seams.len().max(1) as f64
        };
        Seam { columns: mean(|seam| seam.columns), rows: mean(|seam| seam.rows) }
    }

    fn copies(&self) -> Vec<CopyTest> {
        let crops =
            Compared { space: "filters", generated: &self.samples, held_back: &self.held_back, trained: &self.known };
        let [generated, held_back] = self.nearest_patches.clone();
        vec![crops.copies(), copy_test("patches", generated, held_back)]
    }

    fn between<T>(&self, measure: impl Fn(&Table) -> T) -> Between<T> {
        let [generated, floor, shuffled] = [&self.generated, &self.elsewhere, &self.shuffled].map(measure);
        Between { generated, floor, shuffled }
    }

    /// For each kind the share of its rows whose nearest training crops are most often of that kind.
    fn taken_for_its_kind(&self, table: &Table) -> Vec<f64> {
        let nearest_kind = |row: &[f32]| {
            let distance = |other: &[f32]| row.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
            let mut found: Vec<(f32, usize)> =
                self.known.rows().enumerate().map(|(index, other)| (distance(other), index / KNOWN)).collect();
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut votes = vec![0; self.kinds.len()];
            found.iter().take(NEIGHBOURS).for_each(|(_, kind)| votes[*kind] += 1);
            let most = votes.iter().copied().max().unwrap_or(0);
            // Among kinds with as many votes the nearest wins.
            found.iter().map(|(_, kind)| *kind).find(|kind| votes[*kind] == most)
        };
        let rows: Vec<&[f32]> = table.rows().collect();
        let share = |(kind, rows): (usize, &[&[f32]])| {
            rows.iter().filter(|row| nearest_kind(row) == Some(kind)).count() as f64 / rows.len() as f64
        };
        rows.chunks(EACH).enumerate().map(share).collect()
    }
}

/// Mean and deviation of red, green and blue.
type Colors = [[f32; 2]; 3];

fn colors(crop: &[f32]) -> Colors {
    let area = crop.len() / CHANNELS;
    std::array::from_fn(|channel| moments(crop[channel * area..(channel + 1) * area].iter().copied()))
}

/// Leaves a crop the channels that are `present` in the one of `known` that is most like it in colour. The materials of a kind have
/// different maps, and only the seed knows which of them a crop is.
fn keep_maps_of_the_nearest(crop: &mut [f32], present: &[f32], known: &[Colors]) {
    let own = colors(crop);
    let distance = |other: &Colors| -> f32 {
        own.iter().flatten().zip(other.iter().flatten()).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let nearest = present.chunks_exact(CHANNELS).zip(known).min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
    let area = crop.len() / CHANNELS;
    for (plane, present) in crop.chunks_exact_mut(area).zip(nearest.map_or(&[][..], |(present, _)| present)) {
        plane.iter_mut().for_each(|value| *value *= present);
    }
}

/// `batch` with the patches of each crop in another order: right up to 16 texels, wrong above.
pub(super) fn shuffled_patches(batch: &MaterialBatch, rng: &mut impl Rng) -> Vec<f32> {
    let (side, area) = (batch.side, batch.side * batch.side);
    let across = side / PATCH;
    let mut values = batch.values.clone();
    for (crop, source) in values.chunks_exact_mut(CHANNELS * area).zip(batch.values.chunks_exact(CHANNELS * area)) {
        let order = index::sample(rng, across * across, across * across).into_vec();
        for (to, from) in order.into_iter().enumerate() {
            let corner = |patch: usize| (patch / across * PATCH) * side + patch % across * PATCH;
            for channel in 0..CHANNELS {
                for row in 0..PATCH {
                    let [to, from] = [to, from].map(|patch| channel * area + corner(patch) + row * side);
                    crop[to..to + PATCH].copy_from_slice(&source[from..from + PATCH]);
                }
            }
        }
    }
    values
}
