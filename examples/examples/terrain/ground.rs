//! The ground of `terrain`: its height, its biomes and their materials. It owns no entities.

use std::collections::BTreeMap;

use bevy::math::DVec2;
use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{Biomes, FractalNoise, controls, generators};

/// Height of the water.
pub const SEA: f32 = -6.0;
/// Heights between which grass gives way to snow.
const SNOW: [f32; 2] = [44.0, 62.0];
/// Vertical components of the normal between which flat ground becomes a cliff.
const CLIFF: [f32; 2] = [0.88, 0.74];

/// The generator of the ground and its controls.
#[derive(Resource)]
pub struct GroundMaterial {
    pub generator: Handle<Generator>,
    /// The same in every biome.
    pub controls: BTreeMap<String, Control>,
    /// Shore, meadow, steppe, low cliffs, cliffs in the snow, snow.
    pub biomes: Vec<BTreeMap<String, Control>>,
}

impl FromWorld for GroundMaterial {
    /// Noise in six sets of colours, from a generator built in code.
    fn from_world(world: &mut World) -> Self {
        let generator = Generator::from(generators::load("noise_material").expect("it is built in"));
        let material = |[a, b, coat_color]: [Color; 3], coat: f32, coat_roughness: f32, ridges: f32| {
            let mut all = controls([("coat", coat), ("coat_roughness", coat_roughness), ("ridges", ridges)]);
            all.extend(controls([("color_a", a), ("color_b", b), ("coat_color", coat_color)]));
            all
        };
        let (lush, dry) = (Color::srgb(0.27, 0.33, 0.13), Color::srgb(0.47, 0.42, 0.22));
        let white = Color::srgb(0.93, 0.95, 0.98);
        let sand = [Color::srgb(0.78, 0.69, 0.53), Color::srgb(0.64, 0.55, 0.41)];
        let soil = [Color::srgb(0.40, 0.33, 0.22), Color::srgb(0.25, 0.21, 0.14)];
        let rock = [Color::srgb(0.50, 0.46, 0.42), Color::srgb(0.25, 0.235, 0.225)];
        Self {
            generator: world.resource_mut::<Assets<Generator>>().add(generator),
            controls: controls([("relief", 0.8), ("mottle", 0.8), ("detail", 0.62), ("scale", 0.9), ("veins", 0.05)]),
            biomes: vec![
                material([sand[0], sand[1], lush], 0.02, 0.95, 0.2),
                material([soil[0], soil[1], lush], 0.88, 0.95, 0.6),
                material([soil[0], soil[1], dry], 0.72, 0.95, 0.6),
                material([rock[0], rock[1], lush], 0.08, 0.95, 1.0),
                material([rock[0], rock[1], white], 0.14, 0.6, 1.0),
                material([rock[0], rock[1], white], 0.97, 0.55, 0.5),
            ],
        }
    }
}

/// Hills and mountain ridges with plains between them.
pub fn height() -> WorldHeight {
    let hills = FractalNoise { seed: 4, size: 160.0, octaves: 5, persistence: 0.42 }.function();
    let ridges = FractalNoise { seed: 9, size: 520.0, octaves: 7, persistence: 0.45 }.function();
    let regions = FractalNoise { seed: 2, size: 900.0, octaves: 2, ..default() }.function();
    WorldHeight::new(move |at| {
        let mountain = (regions(at) * 1.9 + 0.42).clamp(0.0, 1.0).powi(2);
        let ridge = (1.0 - (ridges(at) * 2.2).abs()).max(0.0).powi(2);
        (14.0 * hills(at) + 150.0 * mountain * ridge) as f32
    })
}

/// The share of each biome at a place, from height, slope and noise.
pub fn biomes(material: &GroundMaterial, ground: &WorldHeight) -> WorldBiomes {
    let ground = ground.clone();
    let wander = FractalNoise { seed: 21, size: 60.0, octaves: 4, ..default() }.function();
    let step = |[from, to]: [f32; 2], at: f32| ((at - from) / (to - from)).clamp(0.0, 1.0);
    WorldBiomes(Biomes::new(material.biomes.clone(), move |at: DVec2, shares: &mut [f32]| {
        let wander = wander(at) as f32;
        let height = ground.at(at) + 7.0 * wander;
        let steep = step(CLIFF, ground.normal(at, 2.0).y + 0.05 * wander);
        let (land, high) = (step([SEA + 1.0, SEA + 4.5], height), step(SNOW, height));
        let dry = step([-0.25, 0.25], wander + 0.012 * height - 0.2);
        let (flat, cliff) = (land * (1.0 - steep), land * steep);
        let (meadow, snow) = (flat * (1.0 - high), flat * high);
        let all = [1.0 - land, meadow * (1.0 - dry), meadow * dry, cliff * (1.0 - high), cliff * high, snow];
        shares.copy_from_slice(&all);
    }))
}
