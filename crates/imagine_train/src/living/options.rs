//! The options of training a living texture, with their defaults and ranges.

use serde::{Deserialize, Serialize};

use super::data::Exemplar;
use crate::error::{OptionRange, TrainError};
use crate::loss::TextureLossOptions;

/// Options of training a living texture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct TextureOptions {
    /// Seed of all random numbers of the training.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Updates of the weights.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().updates))]
    pub updates: u32,
    /// Channels of a cell, a multiple of 4, at most 256.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().channels))]
    pub channels: usize,
    /// Width of the hidden layer, a multiple of 4, at most 256.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().hidden))]
    pub hidden: usize,
    /// Channels that keep the noise of the first state, for roughness that does not flicker; at most 64.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().grain))]
    pub grain: usize,
    /// Side of the square torus to train on, in cells, 16 to 512.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().torus))]
    pub torus: usize,
    /// States per batch, at most 64.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().batch))]
    pub batch: usize,
    /// Fewest and most steps of a rollout, 1 to 1024.
    #[cfg_attr(feature = "clap", arg(long, num_args = 2, default_values_t = Self::default().rollout))]
    pub rollout: Vec<u32>,
    /// States in the pool, at least a batch, at most 4096.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().pool))]
    pub pool: usize,
    /// Updates between two states that are seeded again.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().reseed_every))]
    pub reseed_every: u32,
    /// Full learning rate.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().learning_rate))]
    pub learning_rate: f32,
    /// Pyramid levels of the loss, at most 8.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().levels))]
    pub levels: usize,
    /// Patches compared per level, 16 to 16384.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().patches))]
    pub patches: usize,
    /// Weight of the transport term on the finest level, at most 100.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().finest_transport))]
    pub finest_transport: f32,
    /// Weight of the sliced term, at most 100.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().sliced))]
    pub sliced: f32,
    /// Finest levels with a sliced term.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().sliced_levels))]
    pub sliced_levels: usize,
    /// Steps that the generator file asks for and that previews run.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().steps))]
    pub steps: u32,
    /// Updates between two checkpoints.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().checkpoint_every))]
    pub checkpoint_every: u32,
    /// Updates between two previews.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().preview_every))]
    pub preview_every: u32,
}

impl Default for TextureOptions {
    fn default() -> Self {
        let loss = TextureLossOptions::default();
        Self {
            seed: 0,
            updates: 2000,
            channels: 16,
            hidden: 128,
            grain: 0,
            torus: 64,
            batch: 2,
            rollout: vec![16, 32],
            pool: 32,
            reseed_every: 8,
            learning_rate: 0.002,
            levels: loss.levels,
            patches: loss.patches,
            finest_transport: loss.finest_transport,
            sliced: loss.sliced,
            sliced_levels: loss.sliced_levels,
            steps: 160,
            checkpoint_every: 100,
            preview_every: 200,
        }
    }
}

impl TextureOptions {
    /// Fails if an option is out of range.
    pub(super) fn check(&self, exemplar: &Exemplar) -> Result<(), TrainError> {
        OptionRange::count("grain", self.grain, 0, 64)?;
        let least = (exemplar.channels() + self.grain).next_multiple_of(4);
        OptionRange::multiple("channels", self.channels, 4, least, 256)?;
        OptionRange::multiple("hidden", self.hidden, 4, 4, 256)?;
        OptionRange::count("torus", self.torus, 16, 512)?;
        OptionRange::count("batch", self.batch, 1, 64)?;
        OptionRange::count("pool", self.pool, self.batch, 4096)?;
        OptionRange::count("levels", self.levels, 1, 8)?;
        OptionRange::count("patches", self.patches, 16, 1 << 14)?;
        for (name, value) in [
            ("updates", self.updates),
            ("reseed-every", self.reseed_every),
            ("steps", self.steps),
            ("checkpoint-every", self.checkpoint_every),
            ("preview-every", self.preview_every),
        ] {
            OptionRange::count(name, value as usize, 1, u32::MAX as usize)?;
        }
        let fits = matches!(self.rollout[..], [fewest, most] if 1 <= fewest && fewest <= most && most <= 1024);
        let found = format!("{:?}", self.rollout);
        OptionRange::require(fits, "rollout", "two numbers from 1 to 1024, the smaller first".into(), found)?;
        OptionRange::rate("learning-rate", self.learning_rate)?;
        OptionRange::number("finest-transport", self.finest_transport, 100.0)?;
        OptionRange::number("sliced", self.sliced, 100.0)
    }

    /// The options of the loss.
    pub(super) fn loss(&self) -> TextureLossOptions {
        TextureLossOptions {
            levels: self.levels,
            patches: self.patches,
            finest_transport: self.finest_transport,
            sliced: self.sliced,
            sliced_levels: self.sliced_levels,
            images_tile: true,
        }
    }
}
