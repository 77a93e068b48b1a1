//! How a living texture is trained, and what of it makes sense.

use serde::{Deserialize, Serialize};

use crate::data::Exemplar;
use crate::error::TrainError;
use crate::loss::TextureLossOptions;

/// How a texture is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextureOptions {
    /// Chooses all random numbers of the training. Default 0.
    pub seed: u64,
    /// Updates of the weights. Default 2000.
    pub updates: u32,
    /// Channels of a cell, a multiple of 4. Default 16.
    pub channels: usize,
    /// Width of the hidden layer, a multiple of 4. Default 128.
    pub hidden: usize,
    /// How many of the channels keep the noise that a state begins with, for roughness that does not flicker. Default 0.
    pub grain: usize,
    /// Side of the square torus that is trained on, in cells, 16 to 512. Default 64.
    pub torus: usize,
    /// States in a batch. Default 2.
    pub batch: usize,
    /// Fewest and most steps of a rollout. Default 16 to 32.
    pub rollout: [u32; 2],
    /// States in the pool, at least a batch. Default 32.
    pub pool: usize,
    /// A state begins anew every so many updates. Default 8.
    pub reseed_every: u32,
    /// Full learning rate. Default 0.002.
    pub learning_rate: f32,
    /// Most pyramid levels. Default 4.
    pub levels: usize,
    /// Most patches compared on a level. Default 1024.
    pub patches: usize,
    /// Weight of the transport term on the finest level. Default 1.
    pub finest_transport: f32,
    /// Weight of the sliced term. Default 0.5.
    pub sliced: f32,
    /// Finest levels that the sliced term is computed on. Default 4.
    pub sliced_levels: usize,
    /// Steps that the generator's file asks for, and that previews run. Default 160.
    pub steps: u32,
    /// Updates between two checkpoints. Default 100.
    pub checkpoint_every: u32,
    /// Updates between two previews. Default 200.
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
            rollout: [16, 32],
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

/// Fails on options that no training can run with.
pub(super) fn check(options: &TextureOptions, exemplar: &Exemplar) -> Result<(), TrainError> {
    let require = |holds: bool, name: &'static str, expected: String, found: String| {
        if holds { Ok(()) } else { Err(TrainError::Option { name, expected, found }) }
    };
    let number = |name, value: usize, low: usize, high: usize| {
        require((low..=high).contains(&value), name, format!("{low} to {high}"), value.to_string())
    };
    let fourfold = |name, value: usize, low: usize| {
        let fits = value.is_multiple_of(4) && (low..=256).contains(&value);
        require(fits, name, format!("a multiple of 4, {low} to 256"), value.to_string())
    };
    number("grain", options.grain, 0, 64)?;
    fourfold("channels", options.channels, exemplar.channels() + options.grain)?;
    fourfold("hidden", options.hidden, 4)?;
    number("torus", options.torus, 16, 512)?;
    number("batch", options.batch, 1, 64)?;
    number("pool", options.pool, options.batch, 4096)?;
    number("levels", options.levels, 1, 8)?;
    number("patches", options.patches, 16, 1 << 14)?;
    for (name, value) in [("updates", options.updates), ("reseed", options.reseed_every), ("steps", options.steps)] {
        number(name, value as usize, 1, u32::MAX as usize)?;
    }
    number("checkpoint-every", options.checkpoint_every as usize, 1, u32::MAX as usize)?;
    number("preview-every", options.preview_every as usize, 1, u32::MAX as usize)?;
    let [fewest, most] = options.rollout;
    require(
        1 <= fewest && fewest <= most && most <= 1024,
        "rollout",
        "1 to 1024, fewest first".into(),
        format!("{fewest}..{most}"),
    )?;
    let rate = options.learning_rate;
    require(rate > 0.0 && rate <= 1.0, "learning-rate", "more than 0, at most 1".into(), rate.to_string())?;
    for (name, weight) in [("finest-transport", options.finest_transport), ("sliced", options.sliced)] {
        require((0.0..=100.0).contains(&weight), name, "0 to 100".into(), weight.to_string())?;
    }
    Ok(())
}
