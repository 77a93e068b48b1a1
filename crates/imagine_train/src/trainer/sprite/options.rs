//! How sprites are trained, and what of it makes sense.

use serde::{Deserialize, Serialize};

use crate::architecture::sprite::SpriteNetworks;
use crate::error::TrainError;
use crate::loss::adversarial::Game;

/// How sprites are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpriteOptions {
    /// Chooses all random numbers of the training. Default 0.
    pub seed: u64,
    /// Which game the networks play. Default relativistic. The hinge game's critic has spectral normalisation; give it a
    /// `penalty` of 0.
    pub game: Game,
    /// Updates of the weights. Default 20,000.
    pub updates: u32,
    /// Pairs of a real and a generated image in a batch. Default 32.
    pub batch: usize,
    /// Batches whose gradients are added up for one update. Default 1.
    pub accumulate: usize,
    /// Learning rate of the generator. Default 0.0005.
    pub generator_rate: f32,
    /// Learning rate of the critic. Default 0.0005.
    pub critic_rate: f32,
    /// Updates until the learning rates are at their full height. Default 200.
    pub warm_up: u32,
    /// Updates at the end over which the learning rates fall to nothing. Default 2,000.
    pub cool_down: u32,
    /// Weight of the gradient penalties. Default 0.3.
    pub penalty: f32,
    /// The penalties enter every so many updates, as many times as strong. Default 8.
    pub penalty_every: u32,
    /// Weight of telling a sprite's words from those of another of its class, for half of the real sprites; 0 is without.
    /// Default 0.3.
    pub mismatch: f32,
    /// Share of the real sprites that are shown in another colour, which their prompts then say. Default 0.2.
    pub recolor: f32,
    /// Strength of augmentation: 0 to 0.8, or what adaption starts with. Default 0.
    pub augment: f32,
    /// Share of overfitting at which the strength stays; 0 leaves the strength as it is. Default 0.4.
    pub overfit_target: f32,
    /// Images over which the running mean of weights halves; less at the start. Default 10,000.
    pub average_images: f32,
    /// Updates between two checkpoints. Default 500.
    pub checkpoint_every: u32,
    /// Updates between two contact sheets. Default 500.
    pub preview_every: u32,
}

impl Default for SpriteOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            game: Game::Relativistic,
            updates: 20_000,
            batch: 32,
            accumulate: 1,
            generator_rate: 5e-4,
            critic_rate: 5e-4,
            warm_up: 200,
            cool_down: 2_000,
            penalty: 0.3,
            penalty_every: 8,
            mismatch: 0.3,
            recolor: 0.2,
            augment: 0.0,
            overfit_target: 0.4,
            average_images: 10_000.0,
            checkpoint_every: 500,
            preview_every: 500,
        }
    }
}

/// Fails on options that no training can run with.
pub(super) fn check(options: &SpriteOptions, networks: &SpriteNetworks) -> Result<(), TrainError> {
    let require = |holds: bool, name: &'static str, expected: &str, found: String| {
        if holds { Ok(()) } else { Err(TrainError::Option { name, expected: expected.into(), found }) }
    };
    let number = |name, value: usize, high: usize| {
        require((1..=high).contains(&value), name, &format!("1 to {high}"), value.to_string())
    };
    number("batch", options.batch, 4096)?;
    number("accumulate", options.accumulate, 1024)?;
    for (name, value) in [
        ("updates", options.updates),
        ("penalty-every", options.penalty_every),
        ("checkpoint-every", options.checkpoint_every),
        ("preview-every", options.preview_every),
    ] {
        number(name, value as usize, u32::MAX as usize)?;
    }
    for (name, rate) in [("generator-rate", options.generator_rate), ("critic-rate", options.critic_rate)] {
        require(rate > 0.0 && rate <= 1.0, name, "more than 0, at most 1", rate.to_string())?;
    }
    let within = |name, value: f32, high: f32| {
        require((0.0..=high).contains(&value), name, &format!("0 to {high}"), value.to_string())
    };
    within("penalty", options.penalty, 1e4)?;
    within("mismatch", options.mismatch, 1e4)?;
    within("recolor", options.recolor, 1.0)?;
    within("augment", options.augment, MOST_STRENGTH)?;
    within("overfit-target", options.overfit_target, 1.0)?;
    within("average-images", options.average_images, 1e9)?;
    for (name, value) in [
        ("tokens", networks.tokens),
        ("latent", networks.latent),
        ("embedding", networks.embedding),
        ("features", networks.features),
    ] {
        number(name, value, 4096)?;
    }
    Ok(())
}

/// Strongest augmentation that still lets the generator learn the unchanged images.
pub(super) const MOST_STRENGTH: f32 = 0.8;
