//! The options of training a style, with their defaults and ranges.

use serde::{Deserialize, Serialize};

use super::networks::StyleNetwork;
use crate::error::{OptionRange, TrainError};

/// Options of training a style.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct StyleOptions {
    /// Channels at half resolution, an even number, 4 to 64: 18 are 3,213 multiply-adds a pixel.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().width))]
    pub width: usize,
    /// Seed of all random numbers of the training.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Updates of the weights.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().updates))]
    pub updates: u32,
    /// Crops per update, at most 256.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().batch))]
    pub batch: usize,
    /// Side of a crop in pixels, a multiple of 16, 32 to 512.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().crop))]
    pub crop: usize,
    /// Weight of the texture loss against the painted pictures, which keeps strokes from averaging away; 0 to 10.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().texture))]
    pub texture: f32,
    /// Weight of the differences of strokes in direction and contrast; 0 to 10.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().strokes))]
    pub strokes: f32,
    /// Weight of temporal consistency: the difference between a picture translated, then painted, and painted, then translated; 0 to 100.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().steadiness))]
    pub steadiness: f32,
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

impl Default for StyleOptions {
    fn default() -> Self {
        Self {
            width: 18,
            seed: 0,
            updates: 7_000,
            batch: 3,
            crop: 128,
            texture: 3.0,
            strokes: 0.5,
            steadiness: 20.0,
            learning_rate: 3e-3,
            warm_up: 50,
            average: 0.995,
            checkpoint_every: 250,
            preview_every: 1_000,
        }
    }
}

impl StyleOptions {
    /// Fails if an option is out of range.
    pub fn check(&self) -> Result<(), TrainError> {
        OptionRange::multiple("width", self.width, 2, 4, 64)?;
        OptionRange::count("batch", self.batch, 1, 256)?;
        OptionRange::multiple("crop", self.crop, 16, 32, 512)?;
        for (name, value) in [
            ("updates", self.updates),
            ("checkpoint-every", self.checkpoint_every),
            ("preview-every", self.preview_every),
        ] {
            OptionRange::count(name, value as usize, 1, u32::MAX as usize)?;
        }
        OptionRange::rate("learning-rate", self.learning_rate)?;
        let steadiness = self.steadiness;
        for (name, weight) in [("texture", self.texture), ("strokes", self.strokes)] {
            OptionRange::require((0.0..=10.0).contains(&weight), name, "0 to 10".into(), weight)?;
        }
        OptionRange::require((0.0..=100.0).contains(&steadiness), "steadiness", "0 to 100".into(), steadiness)?;
        OptionRange::require((0.0..1.0).contains(&self.average), "average", "0 to less than 1".into(), self.average)
    }

    /// The network that is trained.
    pub fn network(&self) -> StyleNetwork {
        StyleNetwork { width: self.width }
    }
}
