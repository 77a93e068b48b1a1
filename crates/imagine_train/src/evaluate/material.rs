//! Figures about a generator of materials, from crops of every kind beside as many crops held back from its training.
//!
//! Every figure stands between two others: that of held-back crops from elsewhere (the floor) and that of training crops whose
//! patches were shuffled (what right statistics without structure come to). Maps that a material does not have are 0 on
//! both sides and count for nothing; which those of a generated crop are, its colours tell.

mod bank;
mod patches;
pub(crate) mod sheet;
mod sides;

use burn::tensor::backend::Backend;
use imagine_burn::{RunError, generate};
use imagine_graph::{InputKind, OutputKind, Request, RequestError, Size, ValidGenerator};
use serde::Serialize;

use super::{CopyTest, Figure};
use crate::architecture::material::CHANNELS;
use crate::data::MaterialSet;
use crate::error::TrainError;
use crate::metric::{Neighbourhood, Seam};
use sides::Sides;

pub use bank::{FEATURES, MaterialBank, sliced_distance};

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaterialEvaluationOptions {
    /// Side of a crop in texels, a multiple of 16 that the generator can tile. Default 64.
    pub crop: usize,
    /// Generated crops in the copy tests. Default 2000.
    pub copies: usize,
}

impl Default for MaterialEvaluationOptions {
    fn default() -> Self {
        Self { crop: 64, copies: 2000 }
    }
}

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
    /// Parameters of the generator.
    pub parameters: usize,
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
    /// Seams of generated crops that are repeated; under `real` of held-back ones, which were cut out and have some.
    pub seam: Figure<Seam>,
    /// Nearness to what was trained on: of crops by their filters, of patches of 16x16 texels within their kind by their values.
    pub copies: Vec<CopyTest>,
    /// Figures of each kind.
    pub kinds: Vec<KindFigures>,
}

/// Evaluates a generator with a choice of kinds on `set`.
///
/// Crops are held back in the upper halves of the strips; those from elsewhere come from the lower halves.
pub fn evaluate_materials<B: Backend>(
    generator: &ValidGenerator,
    set: &MaterialSet,
    options: &MaterialEvaluationOptions,
    device: &B::Device,
) -> Result<MaterialEvaluation, TrainError> {
    let side = options.crop;
    if side < patches::PATCH || !side.is_multiple_of(patches::PATCH) {
        let expected = format!("a multiple of {}", patches::PATCH);
        return Err(TrainError::Option { name: "crop", expected, found: side.to_string() });
    }
    let sides =
        Sides::new(set, options, |kind, seed| generated_crop::<B>(generator, &set.kinds[kind], side, seed, device))?;
    if sides.is_empty() {
        let expected = "as many texels as a held-back strip is wide and half of it is high".into();
        return Err(TrainError::Option { name: "crop", expected, found: side.to_string() });
    }
    Ok(sides.figures(set, side, generator.output.graph().parameters()))
}

/// A contact sheet of every kind of `set`: two colours, then of the first result normal, height, roughness and occlusion.
pub fn contact_sheet<B: Backend>(
    generator: &ValidGenerator,
    set: &MaterialSet,
    device: &B::Device,
) -> Result<image::RgbImage, TrainError> {
    let mut values = Vec::new();
    for kind in &set.kinds {
        for seed in 0..sheet::SEEDS as u64 {
            values.extend(generated_crop::<B>(generator, kind, sheet::SIDE, seed, device)?);
        }
    }
    Ok(sheet::sheet(&values))
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
        for (index, channel) in channels.enumerate() {
            values[channel * area..(channel + 1) * area].copy_from_slice(&found[index * area..(index + 1) * area]);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests;
