//! The ground of `terrain`: its height and its biomes. It owns no entities.

use bevy::math::DVec2;
use bevy_imagine::prelude::*;
use bevy_imagine::{Biomes, FractalNoise};

/// The layers of the ground, one for each biome.
pub const LAYERS: &str = "layers/terrain.layers.ron";

/// Height of the water.
pub const SEA: f32 = -6.0;
/// Heights between which grass gives way to snow.
const SNOW: [f32; 2] = [44.0, 62.0];
/// Vertical components of the normal between which flat ground becomes a cliff.
const CLIFF: [f32; 2] = [0.88, 0.74];

/// Hills and mountain ridges with plains between them.
pub fn height() -> WorldHeight {
    let hills = FractalNoise { seed: 4, size: 160.0, octaves: 5, persistence: 0.42 }.function();
    let ridges = FractalNoise { seed: 9, size: 520.0, octaves: 7, persistence: 0.45 }.function();
    let regions = FractalNoise { seed: 2, size: 900.0, octaves: 2, ..Default::default() }.function();
    WorldHeight::new(move |at| {
        let mountain = (regions(at) * 1.9 + 0.42).clamp(0.0, 1.0).powi(2);
        let ridge = (1.0 - (ridges(at) * 2.2).abs()).max(0.0).powi(2);
        (14.0 * hills(at) + 150.0 * mountain * ridge) as f32
    })
}

/// The share of each biome at a place, from height, slope and noise.
pub fn biomes(ground: &WorldHeight) -> WorldBiomes {
    let ground = ground.clone();
    let wander = FractalNoise { seed: 21, size: 60.0, octaves: 4, ..Default::default() }.function();
    let step = |[from, to]: [f32; 2], at: f32| ((at - from) / (to - from)).clamp(0.0, 1.0);
    let layers = ["wet", "meadow", "steppe", "cliff", "snow"];
    WorldBiomes(Biomes::of_layers(layers, move |at: DVec2, shares: &mut [f32]| {
        let wander = wander(at) as f32;
        let height = ground.at(at) + 7.0 * wander;
        let steep = step(CLIFF, ground.normal(at, 2.0).y + 0.05 * wander);
        let (land, high) = (step([SEA + 1.0, SEA + 4.5], height), step(SNOW, height));
        let wet = step([SEA + 1.5, SEA], ground.at(at));
        let dry = step([-0.25, 0.25], wander + 0.012 * height - 0.2);
        let (flat, cliff) = (land * (1.0 - steep), land * steep * (1.0 - 0.4 * high));
        let (meadow, snow) = (flat * (1.0 - high), flat * high + 0.4 * land * steep * high);
        let shore = 1.0 - land;
        shares.copy_from_slice(&[shore * (1.0 - wet), shore * wet, meadow * (1.0 - dry), meadow * dry, cliff, snow]);
    }))
}
