//! The options of every adversarial training, with their defaults and ranges.

use serde::{Deserialize, Serialize};

use crate::error::{OptionRange, TrainError};

/// Options that the adversarial trainings share. Families may have other defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct GanOptions {
    /// Seed of all random numbers of the training.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Updates of the weights.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().updates))]
    pub updates: u32,
    /// Pairs of a real and a generated image per batch, at most 4096.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().batch))]
    pub batch: usize,
    /// Batches whose gradients are summed for one update, at most 1024.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().accumulate))]
    pub accumulate: usize,
    /// Learning rate of the generator.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().generator_rate))]
    pub generator_rate: f32,
    /// Learning rate of the critic.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().critic_rate))]
    pub critic_rate: f32,
    /// Updates over which the learning rates rise to their full value.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().warm_up))]
    pub warm_up: u32,
    /// Updates at the end over which the learning rates fall to 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().cool_down))]
    pub cool_down: u32,
    /// Weight of the gradient penalties.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().penalty))]
    pub penalty: f32,
    /// The penalties are computed once in this many updates, with as many times the weight.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().penalty_every))]
    pub penalty_every: u32,
    /// Half-life, in images, of the running mean of the generator's weights; shorter at the start.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().average_images))]
    pub average_images: f32,
    /// Updates between two checkpoints.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().checkpoint_every))]
    pub checkpoint_every: u32,
    /// Updates between two contact sheets.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().preview_every))]
    pub preview_every: u32,
}

impl Default for GanOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            updates: 20_000,
            batch: 32,
            accumulate: 1,
            generator_rate: 5e-4,
            critic_rate: 5e-4,
            warm_up: 200,
            cool_down: 2_000,
            penalty: 0.3,
            penalty_every: 8,
            average_images: 10_000.0,
            checkpoint_every: 500,
            preview_every: 500,
        }
    }
}

impl GanOptions {
    /// Fails if an option is out of range.
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        OptionRange::count("batch", self.batch, 1, 4096)?;
        OptionRange::count("accumulate", self.accumulate, 1, 1024)?;
        for (name, value) in [
            ("updates", self.updates),
            ("penalty-every", self.penalty_every),
            ("checkpoint-every", self.checkpoint_every),
            ("preview-every", self.preview_every),
        ] {
            OptionRange::count(name, value as usize, 1, u32::MAX as usize)?;
        }
        OptionRange::rate("generator-rate", self.generator_rate)?;
        OptionRange::rate("critic-rate", self.critic_rate)?;
        OptionRange::number("penalty", self.penalty, 1e4)?;
        OptionRange::number("average-images", self.average_images, 1e9)
    }

    /// Generated images per update.
    pub(crate) fn images_per_update(&self) -> usize {
        self.batch * self.accumulate
    }

    /// Weight of the gradient penalties in the update after `update`; 0 in most.
    pub(crate) fn penalty_at(&self, update: u32) -> f32 {
        if update.is_multiple_of(self.penalty_every) { self.penalty * self.penalty_every as f32 } else { 0.0 }
    }
}
