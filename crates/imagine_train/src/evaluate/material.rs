//! Figures about a generator of materials, from crops of every kind beside as many crops held back from its training.
//!
//! Every figure stands between two others: that of held-back crops from elsewhere (the floor) and that of training crops whose
//! patches were shuffled (what right statistics without structure come to). Maps that a kind has not been seen with are 0 on
//! both sides and count for nothing.

mod bank;

use burn::tensor::backend::Backend;
use imagine_burn::{RunError, generate};
use imagine_graph::{InputKind, OutputKind, Request, RequestError, Size, ValidGenerator};
use rand::rngs::StdRng;
use rand::seq::index;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use crate::architecture::material::CHANNELS;
use crate::data::{MaterialBatch, MaterialSet, Part};
use crate::metric::{Neighbourhood, Table, frechet, neighbourhood, vendi};

pub use bank::{FEATURES, MaterialBank, sliced_distance};

/// Seed of the filter bank; training ranks its own states with another.
const BANK: u64 = 0x3a7e;
/// Crops of a kind, on each side of every comparison.
const EACH: usize = 16;
/// Training crops of a kind that the classifier knows.
const KNOWN: usize = 64;
/// Neighbours that the classifier asks.
const NEIGHBOURS: usize = 5;
/// Side of the shuffled patches in texels.
const PATCH: usize = 16;

/// A figure of generated crops, of held-back ones from elsewhere, and of shuffled training crops.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Between<T> {
    /// Of generated crops.
    pub generated: T,
    /// Of held-back crops in place of generated ones.
    pub floor: T,
    /// Of training crops with shuffled patches in place of generated ones.
    pub shuffled: T,
}

/// Figures of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KindFigures {
    /// Name of the kind.
    pub kind: String,
    /// Sliced Wasserstein distance to the held-back crops.
    pub distance: Between<f64>,
    /// Share of generated crops that the classifier takes for this kind.
    pub agreement: f64,
    /// Share of held-back crops that it takes for this kind.
    pub accuracy: f64,
}

/// All figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MaterialEvaluation {
    /// Side of a crop in texels.
    pub side: usize,
    /// Crops on each side of every comparison.
    pub crops: usize,
    /// Frechet distance to the held-back crops.
    pub frechet: Between<f64>,
    /// Place among the held-back crops.
    pub neighbourhood: Between<Neighbourhood>,
    /// Vendi score.
    pub vendi: Between<f64>,
    /// Share of generated crops that a classifier of training crops takes for the kind asked for.
    pub agreement: f64,
    /// The same of held-back crops of these kinds.
    pub accuracy: f64,
    /// Figures of each kind.
    pub kinds: Vec<KindFigures>,
}

/// Crops of every kind, in the order of kinds, `each` of a kind.
#[derive(Clone, Debug)]
struct Sides {
    /// Kinds that have held-back strips.
    kinds: Vec<usize>,
    each: usize,
    held_back: Table,
    elsewhere: Table,
    shuffled: Table,
    generated: Table,
    /// Training crops, [`KNOWN`] of a kind.
    known: Table,
}

/// Evaluates a generator with a choice of kinds on `set`, with crops of `side` texels.
///
/// Crops are held back in the upper halves of the strips; those from elsewhere come from the lower halves.
pub fn evaluate_materials<B: Backend>(
    generator: &ValidGenerator,
    set: &MaterialSet,
    side: usize,
    device: &B::Device,
) -> Result<MaterialEvaluation, RunError> {
    let sides = Sides::new(set, side, |kind, present, seed| {
        generated_crop::<B>(generator, &set.kinds[kind], present, side, seed, device)
    })?;
    Ok(sides.figures(set, side))
}

/// `batch` with the patches of each crop in another order: right up to 16 texels, wrong above.
pub fn shuffled_patches(batch: &MaterialBatch, rng: &mut impl Rng) -> Vec<f32> {
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

impl Sides {
    fn new(
        set: &MaterialSet,
        side: usize,
        make: impl Fn(usize, &[f32], u64) -> Result<Vec<f32>, RunError>,
    ) -> Result<Self, RunError> {
        let mut rng = StdRng::seed_from_u64(BANK);
        let bank = MaterialBank::new(BANK);
        let mut tables = [(); 5].map(|()| Table { width: FEATURES, values: Vec::new() });
        let mut kinds = Vec::new();
        for kind in 0..set.kinds.len() {
            let [upper, lower] =
                [Part::UpperStrips, Part::LowerStrips].map(|part| set.crops(part, kind, EACH, side, &mut rng));
            if upper.kinds.is_empty() {
                continue;
            }
            kinds.push(kind);
            let trained = set.crops(Part::Trained, kind, KNOWN, side, &mut rng);
            let shuffled = shuffled_patches(&trained, &mut rng);
            let size = CHANNELS * side * side;
            let mut made = Vec::with_capacity(EACH * size);
            for (index, present) in upper.present.chunks_exact(CHANNELS).enumerate() {
                made.extend(make(kind, present, (kind * EACH + index) as u64)?);
            }
            let parts = [upper.values.as_slice(), &lower.values, &shuffled[..EACH * size], &made, &trained.values];
            for (table, part) in tables.iter_mut().zip(parts) {
                table.values.extend(bank.features(part, side).values);
            }
        }
        let [held_back, elsewhere, shuffled, generated, known] = tables;
        let moments = held_back.moments();
        let scaled = |table: Table| table.standardised(&moments);
        Ok(Self {
            kinds,
            each: EACH,
            held_back: scaled(held_back),
            elsewhere: scaled(elsewhere),
            shuffled: scaled(shuffled),
            generated: scaled(generated),
            known: scaled(known),
        })
    }

    fn figures(&self, set: &MaterialSet, side: usize) -> MaterialEvaluation {
        let real = &self.held_back;
        let distances = |table: &Table| sliced_distance(table, real, self.each);
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
            side,
            crops: real.len(),
            frechet: self.between(|table| frechet(table, real)),
            neighbourhood: self.between(|table| neighbourhood(table, real)),
            vendi: self.between(vendi),
            agreement: mean(&agreed),
            accuracy: mean(&right),
            kinds: kinds.collect(),
        }
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
        rows.chunks(self.each).enumerate().map(share).collect()
    }
}

/// One crop `[CHANNELS, side, side]` of a kind, at scale 1; the maps that are not `present` are 0.
fn generated_crop<B: Backend>(
    generator: &ValidGenerator,
    kind: &str,
    present: &[f32],
    side: usize,
    seed: u64,
    device: &B::Device,
) -> Result<Vec<f32>, RunError> {
    let mut request = Request::new(Size::new(side, side), seed);
    for input in generator.inputs() {
        if matches!(input.kind, InputKind::Choice { .. }) {
            request.inputs.insert(input.name.clone(), imagine_graph::parse_input(input, kind)?);
        }
    }
    let made = generate::<B>(generator, &request, device)?;
    let area = side * side;
    let mut values = vec![0.0; CHANNELS * area];
    let places = [
        (OutputKind::BaseColor, 0..3),
        (OutputKind::Normal, 3..5),
        (OutputKind::Height, 5..6),
        (OutputKind::Roughness, 6..7),
        (OutputKind::Occlusion, 7..8),
        (OutputKind::Metallic, 8..9),
    ];
    for (kind, channels) in places {
        let found = made.outputs.iter().find(|(output, _)| output.kind == kind).and_then(|(_, tensor)| tensor.as_f32());
        let Some(found) = found else {
            let found = format!("{:?}", made.outputs.iter().map(|(output, _)| &output.name).collect::<Vec<_>>());
            let (name, expected) = ("outputs".into(), format!("{} among them", kind.name()));
            return Err(RequestError::Value { name, expected, found }.into());
        };
        for (index, channel) in channels.enumerate().filter(|(_, channel)| present[*channel] > 0.0) {
            values[channel * area..(channel + 1) * area].copy_from_slice(&found[index * area..(index + 1) * area]);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests;
