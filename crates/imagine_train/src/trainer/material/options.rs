//! How materials are trained, and what of it makes sense.

use serde::{Deserialize, Serialize};

use crate::data::MaterialSet;
use crate::error::TrainError;

/// How materials are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MaterialOptions {
    /// Chooses all random numbers of the training. Default 0.
    pub seed: u64,
    /// Updates of the weights. Default 40,000.
    pub updates: u32,
    /// Channels of the generator at half the texels, a multiple of 4; cells have 4 times as many. Default 32.
    pub width: usize,
    /// Channels of the critic at half the texels; its deepest layer has 4 times as many. Default 32.
    pub critic_width: usize,
    /// Side of the crops in texels, a multiple of 32. Default 160.
    pub crop: usize,
    /// Cells around a generated crop that the critic does not see. Default 1.
    pub margin: usize,
    /// Pairs of a real and a generated crop in a batch. Default 16.
    pub batch: usize,
    /// Batches whose gradients are added up for one update. Default 1.
    pub accumulate: usize,
    /// Crops of one exemplar and scale that follow each other in a batch; among them each generated one finds the real one that it
    /// is compared with. Default 2.
    pub group: usize,
    /// Size of the gradient of patch statistics at generated crops, against that of the critic; 0 leaves it out. Default 1.
    pub texture: f32,
    /// Most patches of a pyramid level that are compared. Default 512.
    pub patches: usize,
    /// Updates before the critic enters; until then the generator learns from patch statistics alone. Default 0.
    pub critic_from: u32,
    /// Learning rate of the generator. Default 0.0003.
    pub generator_rate: f32,
    /// Learning rate of the critic. Default 0.0003.
    pub critic_rate: f32,
    /// Updates until the learning rates are at their full height. Default 200.
    pub warm_up: u32,
    /// Updates at the end over which the learning rates fall to nothing. Default 4,000.
    pub cool_down: u32,
    /// Weight of the gradient penalties for a crop of 64 by 64; it grows with the crop's area. Default 1.
    pub penalty: f32,
    /// The penalties enter every so many updates, as many times as strong. Default 8.
    pub penalty_every: u32,
    /// Crops over which the running mean of weights halves; less at the start. Default 10,000.
    pub average_images: f32,
    /// Updates between two checkpoints. Default 500.
    pub checkpoint_every: u32,
    /// Updates between two contact sheets. Default 500.
    pub preview_every: u32,
}

impl Default for MaterialOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            updates: 40_000,
            width: 32,
            critic_width: 32,
            crop: 160,
            margin: 1,
            batch: 16,
            accumulate: 1,
            group: 2,
            texture: 1.0,
            patches: 512,
            critic_from: 0,
            generator_rate: 3e-4,
            critic_rate: 3e-4,
            warm_up: 200,
            cool_down: 4_000,
            penalty: 1.0,
            penalty_every: 8,
            average_images: 10_000.0,
            checkpoint_every: 500,
            preview_every: 500,
        }
    }
}

/// Fails on options that no training can run with.
pub(super) fn check(options: &MaterialOptions, set: &MaterialSet) -> Result<(), TrainError> {
    let require = |holds: bool, name: &'static str, expected: String, found: String| {
        if holds { Ok(()) } else { Err(TrainError::Option { name, expected, found }) }
    };
    let number = |name, value: usize, high: usize| {
        require((1..=high).contains(&value), name, format!("1 to {high}"), value.to_string())
    };
    let multiple = |name, value: usize, of: usize, high: usize| {
        let fits = value.is_multiple_of(of) && (of..=high).contains(&value);
        require(fits, name, format!("a multiple of {of}, at most {high}"), value.to_string())
    };
    multiple("width", options.width, 4, 256)?;
    multiple("critic-width", options.critic_width, 4, 256)?;
    let (crop, largest) = (options.crop, set.largest_crop());
    let fits = crop.is_multiple_of(32) && (32..=largest).contains(&crop);
    require(
        fits,
        "crop",
        format!("a multiple of 32, at most the {largest} texels that all materials have"),
        crop.to_string(),
    )?;
    require(options.margin <= 8, "margin", "0 to 8".into(), options.margin.to_string())?;
    number("batch", options.batch, 4096)?;
    number("accumulate", options.accumulate, 1024)?;
    number("group", options.group, 64)?;
    number("patches", options.patches, 1 << 14)?;
    for (name, value) in [
        ("updates", options.updates),
        ("penalty-every", options.penalty_every),
        ("checkpoint-every", options.checkpoint_every),
        ("preview-every", options.preview_every),
    ] {
        number(name, value as usize, u32::MAX as usize)?;
    }
    let alone = options.critic_from == 0 || options.texture > 0.0;
    require(alone, "critic-from", "0 where texture is 0".into(), options.critic_from.to_string())?;
    for (name, rate) in [("generator-rate", options.generator_rate), ("critic-rate", options.critic_rate)] {
        require(rate > 0.0 && rate <= 1.0, name, "more than 0, at most 1".into(), rate.to_string())?;
    }
    for (name, value, high) in [
        ("penalty", options.penalty, 1e4),
        ("average-images", options.average_images, 1e9),
        ("texture", options.texture, 1e3),
    ] {
        require((0.0..=high).contains(&value), name, format!("0 to {high}"), value.to_string())?;
    }
    Ok(())
}
