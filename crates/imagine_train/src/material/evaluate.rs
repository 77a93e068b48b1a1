//! Figures of a generator of materials, from crops of every kind beside as many held-back crops.
//!
//! Each figure stands between two others: that of held-back crops from elsewhere (the floor), and that of training crops with
//! shuffled patches (right statistics, no structure). Missing maps are 0 on both sides. A generated crop takes the map mask of
//! the training crop nearest in colour. Copies are also looked for in patches: a generator could repeat a stone or a leaf
//! without repeating a crop.

use burn::tensor::backend::Backend;
use imagine_burn::RunError;
use imagine_graph::{InputKind, OutputKind, Request, RequestError, Size, ValidGenerator};
use rand::rngs::StdRng;
use rand::seq::index;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::bank::{FEATURES, MaterialBank, kind_distances, moments};
use super::data::{MaterialBatch, MaterialSet, Part};
use super::format::{CHANNELS, SHEET_SEEDS, SHEET_SIDE, sheet};
use crate::error::TrainError;
use crate::metric::{
    CopyTest, Figure, Nearest, Neighbourhood, Seam, Table, copy_test, copy_test_of_rows, frechet, nearest_rows,
    neighbourhood, seam, vendi,
};

/// Seed of the filter bank; training ranks its checkpoints with another.
const BANK: u64 = 0x3a7e;
/// Crops per kind, on each side of all comparisons but the copy tests.
pub(super) const EACH: usize = 16;
/// Training crops per kind, for the classifier and the copy tests.
const KNOWN: usize = 64;
/// Neighbours of the nearest-neighbour classifier.
const NEIGHBOURS: usize = 5;
/// Patches per held-back crop in the copy test.
const HELD_BACK_PATCHES: usize = 4;
/// Side of a patch in texels.
const PATCH: usize = 16;
/// Texels averaged along a side: shapes reveal copying, grain does not.
const AVERAGED: usize = 2;
/// Texels between two training patches.
const PATCH_STEP: usize = 8;
/// Numbers per patch.
const PATCH_WIDTH: usize = CHANNELS * (PATCH / AVERAGED) * (PATCH / AVERAGED);

/// Options of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaterialEvaluationOptions {
    /// Side of a crop in texels, a multiple of 16. Default 64.
    pub crop: usize,
    /// Generated crops in the copy tests. Default 2000.
    pub copies: usize,
}

impl Default for MaterialEvaluationOptions {
    fn default() -> Self {
        Self { crop: 64, copies: 2000 }
    }
}

/// A measured value of generated crops, of held-back crops from elsewhere, and of shuffled training crops.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Between<T> {
    /// Of generated crops.
    pub generated: T,
    /// Of held-back crops from elsewhere.
    pub floor: T,
    /// Of training crops with shuffled patches.
    pub shuffled: T,
}

/// Figures of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KindFigures {
    /// Name of the kind.
    pub kind: String,
    /// Sliced Wasserstein distance to the held-back crops.
    pub distance: Between<f64>,
    /// Share of generated crops that the classifier assigns to this kind.
    pub agreement: f64,
    /// Share of held-back crops that it assigns to this kind.
    pub accuracy: f64,
}

/// All figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MaterialEvaluation {
    /// Parameters of the generator.
    pub parameters: usize,
    /// Side of a crop in texels.
    pub side: usize,
    /// Crops on each side of every comparison.
    pub crops: usize,
    /// Frechet distance to the held-back crops.
    pub frechet: Between<f64>,
    /// Overlap with the held-back crops.
    pub neighbourhood: Between<Neighbourhood>,
    /// Vendi score.
    pub vendi: Between<f64>,
    /// Share of generated crops that a classifier of training crops assigns to the requested kind.
    pub agreement: f64,
    /// The same share of held-back crops.
    pub accuracy: f64,
    /// Seams of repeated generated crops; `real` are held-back crops, which do not tile.
    pub seam: Figure<Seam>,
    /// Nearness to the training data: of crops by features, of patches of 16x16 texels by values within their kind.
    pub copies: Vec<CopyTest>,
    /// Figures of each kind.
    pub kinds: Vec<KindFigures>,
}

/// Evaluates a generator with a choice of kinds on `set`.
///
/// Held-back crops come from the upper halves of the strips, those from elsewhere from the lower halves.
pub fn evaluate<B: Backend>(
    generator: &ValidGenerator,
    set: &MaterialSet,
    options: &MaterialEvaluationOptions,
    device: &B::Device,
) -> Result<MaterialEvaluation, TrainError> {
    let side = options.crop;
    if side < PATCH || !side.is_multiple_of(PATCH) {
        let expected = format!("a multiple of {}", PATCH);
        return Err(TrainError::Option { name: "crop", expected, found: side.to_string() });
    }
    let samples = ComparisonSamples::new(set, options, |kind, seed| {
        generated_crop::<B>(generator, &set.kinds[kind], side, seed, device)
    })?;
    if samples.is_empty() {
        let expected = "as many texels as a held-back strip is wide and half of it is high".into();
        return Err(TrainError::Option { name: "crop", expected, found: side.to_string() });
    }
    Ok(samples.figures(set, side, generator.output.graph().parameters()))
}

/// A contact sheet of every kind of `set`: two colours, then normal, height, roughness and occlusion of the first result.
pub fn contact_sheet<B: Backend>(
    generator: &ValidGenerator,
    set: &MaterialSet,
    device: &B::Device,
) -> Result<image::RgbImage, TrainError> {
    let mut values = Vec::new();
    for kind in &set.kinds {
        for seed in 0..SHEET_SEEDS as u64 {
            values.extend(generated_crop::<B>(generator, kind, SHEET_SIDE, seed, device)?);
        }
    }
    Ok(sheet(&values))
}

/// One crop `[CHANNELS, side, side]` of a kind, at scale 1.
fn generated_crop<B: Backend>(
    generator: &ValidGenerator,
    kind: &str,
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
    let made = imagine_burn::generate::<B>(generator, &request, device)?;
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
        for (index, channel) in channels.enumerate() {
            values[channel * area..(channel + 1) * area].copy_from_slice(&found[index * area..(index + 1) * area]);
        }
    }
    Ok(values)
}

/// Features of crops on all sides of the comparisons, equally many per kind, in the order of kinds.
#[derive(Clone, Debug)]
pub(super) struct ComparisonSamples {
    /// Kinds that have held-back strips.
    kinds: Vec<usize>,
    held_back: Table,
    elsewhere: Table,
    shuffled: Table,
    /// The first [`EACH`] generated crops per kind.
    generated: Table,
    /// All generated crops.
    samples: Table,
    /// Training crops, [`KNOWN`] per kind.
    known: Table,
    /// Seams of generated and of held-back crops, per kind.
    seams: Vec<[Seam; 2]>,
    /// The training patches of the same kind nearest to patches of generated and of held-back crops.
    nearest_patches: [Vec<Nearest>; 2],
}

impl ComparisonSamples {
    /// Draws crops of each kind with held-back strips. `make` generates all channels of one crop of a kind and seed.
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
                clear_missing_maps(&mut crop, &trained.present, &colors);
                made.extend(crop);
            }
            let parts = [&upper.values, &lower.values, &shuffled[..first], &made[..first], &made, &trained.values];
            for (table, part) in tables.iter_mut().zip(parts) {
                table.values.extend(bank.features(part, side).values);
            }
            seams.push([&made, &upper.values].map(|values| seam(values, side)));
            let known = all_patches(&trained.values, side);
            let sides = [(&made, 1), (&upper.values, HELD_BACK_PATCHES)];
            for (nearest, (values, each)) in nearest_patches.iter_mut().zip(sides) {
                nearest.extend(nearest_rows(&some_patches(values, side, each, &mut rng), &known));
            }
        }
        let moments = tables[0].moments();
        let [held_back, elsewhere, shuffled, generated, samples, known] =
            tables.map(|table| table.standardised(&moments));
        Ok(Self { kinds, held_back, elsewhere, shuffled, generated, samples, known, seams, nearest_patches })
    }

    /// Whether no kind has large enough held-back strips.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// All figures of a generator with this many `parameters`.
    pub fn figures(&self, set: &MaterialSet, side: usize, parameters: usize) -> MaterialEvaluation {
        let real = &self.held_back;
        let distances = |table: &Table| kind_distances(table, real, EACH);
        let [ours, floor, shuffled] = [&self.generated, &self.elsewhere, &self.shuffled].map(distances);
        let [agreed, right] = [&self.generated, real].map(|table| self.assigned_to_own_kind(table));
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
        let [generated, held_back] = &self.nearest_patches;
        let crops = copy_test_of_rows("filters", [&self.samples, &self.held_back, &self.known]);
        vec![crops, copy_test("patches", generated, held_back)]
    }

    fn between<T>(&self, measure: impl Fn(&Table) -> T) -> Between<T> {
        let [generated, floor, shuffled] = [&self.generated, &self.elsewhere, &self.shuffled].map(measure);
        Between { generated, floor, shuffled }
    }

    /// Per kind, the share of its rows that the nearest-neighbour classifier assigns to it.
    fn assigned_to_own_kind(&self, table: &Table) -> Vec<f64> {
        let nearest_kind = |row: &[f32]| {
            let distance = |other: &[f32]| row.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
            let mut found: Vec<(f32, usize)> =
                self.known.rows().enumerate().map(|(index, other)| (distance(other), index / KNOWN)).collect();
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut votes = vec![0; self.kinds.len()];
            found.iter().take(NEIGHBOURS).for_each(|(_, kind)| votes[*kind] += 1);
            let most = votes.iter().copied().max().unwrap_or(0);
            // The nearest wins a tie.
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

/// Clears the channels that the training crop nearest in colour lacks: materials of a kind have different maps, and only the
/// seed determines which material a crop shows.
fn clear_missing_maps(crop: &mut [f32], present: &[f32], known: &[Colors]) {
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

/// The crops with their patches shuffled: right structure up to 16 texels, wrong above.
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

/// `each` random patches of every crop `[CHANNELS, side, side]`.
fn some_patches(values: &[f32], side: usize, each: usize, rng: &mut impl Rng) -> Table {
    let mut patches = Table { width: PATCH_WIDTH, values: Vec::new() };
    for crop in values.chunks_exact(CHANNELS * side * side) {
        for _ in 0..each {
            let [top, left] = [(); 2].map(|()| rng.random_range(0..=side - PATCH));
            push_patch(&mut patches.values, crop, side, [top, left]);
        }
    }
    patches
}

/// All patches of every crop, [`PATCH_STEP`] texels apart.
fn all_patches(values: &[f32], side: usize) -> Table {
    let mut patches = Table { width: PATCH_WIDTH, values: Vec::new() };
    for crop in values.chunks_exact(CHANNELS * side * side) {
        for top in (0..=side - PATCH).step_by(PATCH_STEP) {
            for left in (0..=side - PATCH).step_by(PATCH_STEP) {
                push_patch(&mut patches.values, crop, side, [top, left]);
            }
        }
    }
    patches
}

fn push_patch(patches: &mut Vec<f32>, crop: &[f32], side: usize, [top, left]: [usize; 2]) {
    for plane in crop.chunks_exact(side * side) {
        for y in (top..top + PATCH).step_by(AVERAGED) {
            for x in (left..left + PATCH).step_by(AVERAGED) {
                let sum: f32 = (y..y + AVERAGED).flat_map(|y| &plane[y * side + x..][..AVERAGED]).sum();
                patches.push(sum / (AVERAGED * AVERAGED) as f32);
            }
        }
    }
}

#[cfg(test)]
mod tests;
