//! The options of training a restorer, with their defaults and ranges.

use serde::{Deserialize, Serialize};

use super::networks::{BLOCK, RestoreNetwork, Restorer};
use crate::core::Rhythm;
use crate::core::pairs::Plan;
use crate::error::{OptionRange, TrainError};

/// Options of training a restorer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct RestoreOptions {
    /// Kind of network.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().network))]
    pub network: RestoreNetwork,
    /// Seed of all random numbers of the training.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Updates of the weights.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().updates))]
    pub updates: u32,
    /// Crops per update, at most 1024.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().batch))]
    pub batch: usize,
    /// Side of a crop in pixels, even, 16 to 1024.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().crop))]
    pub crop: usize,
    /// Full learning rate; it falls to 0 over the training as a cosine does.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().learning_rate))]
    pub learning_rate: f32,
    /// Updates over which the learning rate rises to its full value.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().warm_up))]
    pub warm_up: u32,
    /// Share of the old weights in the running mean that is measured and kept, 0 to 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().average))]
    pub average: f32,
    /// Updates between two checkpoints.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().checkpoint_every))]
    pub checkpoint_every: u32,
    /// Updates between two sheets.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().preview_every))]
    pub preview_every: u32,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            network: RestoreNetwork::Blocks,
            seed: 0,
            updates: 60_000,
            batch: 16,
            crop: 64,
            learning_rate: 1e-3,
            warm_up: 100,
            average: 0.999,
            checkpoint_every: 500,
            preview_every: 5_000,
        }
    }
}

impl RestoreOptions {
    /// Fails if an option is out of range.
    pub fn check(&self) -> Result<(), TrainError> {
        OptionRange::multiple("crop", self.crop, BLOCK, 16, 1024)?;
        self.plan().check()
    }

    /// The network that is trained.
    pub fn restorer(&self) -> Restorer {
        Restorer::new(self.network)
    }

    /// How long and how fast it learns.
    pub(super) fn plan(&self) -> Plan {
        let Self { seed, batch, learning_rate, warm_up, average, updates, checkpoint_every, preview_every, .. } = *self;
        let rhythm = Rhythm { updates, checkpoint_every, preview_every };
        Plan { seed, batch, learning_rate, warm_up, average, rhythm }
    }
}
