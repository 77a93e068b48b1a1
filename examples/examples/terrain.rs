//! You will see endless hills: sand, grass, rock and snow that blend, from one network, made around a camera that flies on.

use std::collections::BTreeMap;

use bevy::math::DVec2;
use bevy::pbr::{DistanceFog, FogFalloff};
use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{Biomes, FractalNoise, generators};
use clap::Parser;
use imagine_examples::Arguments;

/// World units that the camera flies a second, and its height above the ground.
const SPEED: f32 = 12.0;
const EYE: f32 = 14.0;
/// Height of the water.
const SEA: f32 = -6.0;
/// Direction to the sun, and its colour.
const AZIMUTH: f32 = 300.0;
const ELEVATION: f32 = 21.0;
const SUNLIGHT: Color = Color::srgb(1.0, 0.86, 0.68);
const HAZE: Color = Color::srgb(0.62, 0.70, 0.80);

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("terrain");
    app.add_systems(Startup, spawn).add_systems(Update, fly);
    arguments.run(app, "terrain")
}

/// Hills under mountain ridges, with plains between them.
fn height() -> WorldHeight {
    let hills = FractalNoise { seed: 4, size: 160.0, octaves: 5, persistence: 0.42 }.function();
    let ridges = FractalNoise { seed: 9, size: 520.0, octaves: 7, persistence: 0.45 }.function();
    let regions = FractalNoise { seed: 2, size: 900.0, octaves: 2, ..default() }.function();
    WorldHeight::new(move |at| {
        let mountain = (regions(at) * 1.9 + 0.42).clamp(0.0, 1.0).powi(2);
        let ridge = (1.0 - (ridges(at) * 2.2).abs()).max(0.0).powi(2);
        (14.0 * hills(at) + 150.0 * mountain * ridge) as f32
    })
}

/// Controls of the network in each biome: sand, grass, rock below the snow and among it, snow.
fn biomes(ground: &WorldHeight) -> WorldBiomes {
    let material = |colors: [Color; 2], coat: f32, coat_color: Color, roughness: [f32; 2], ridges: f32| {
        let numbers =
            [("coat", coat), ("coat_roughness", roughness[1]), ("base_roughness", roughness[0]), ("ridges", ridges)];
        let colors = [("color_a", colors[0]), ("color_b", colors[1]), ("coat_color", coat_color)];
        let numbers = numbers.map(|(name, value)| (name.to_string(), Control::Number(value)));
        let colors = colors.map(|(name, color)| (name.to_string(), Control::from(color)));
        numbers.into_iter().chain(colors).collect::<BTreeMap<_, _>>()
    };
    let (green, white) = (Color::srgb(0.36, 0.43, 0.17), Color::srgb(0.93, 0.95, 0.98));
    let rock = [Color::srgb(0.50, 0.46, 0.42), Color::srgb(0.29, 0.27, 0.26)];
    let sand = [Color::srgb(0.76, 0.66, 0.49), Color::srgb(0.62, 0.52, 0.38)];
    let soil = [Color::srgb(0.38, 0.31, 0.20), Color::srgb(0.25, 0.22, 0.14)];
    let all = vec![
        material(sand, 0.0, green, [0.95, 0.95], 0.2),
        material(soil, 0.8, green, [0.95, 0.95], 0.3),
        material(rock, 0.06, green, [0.85, 0.95], 1.0),
        material(rock, 0.12, white, [0.85, 0.6], 1.0),
        material(rock, 0.97, white, [0.8, 0.55], 0.3),
    ];
    let ground = ground.clone();
    let wander = FractalNoise { seed: 21, size: 70.0, octaves: 3, ..default() }.function();
    let step = |from: f32, to: f32, at: f32| ((at - from) / (to - from)).clamp(0.0, 1.0);
    WorldBiomes(Biomes::new(all, move |at: DVec2, shares: &mut [f32]| {
        let wander = 7.0 * wander(at) as f32;
        let height = ground.at(at) + wander;
        let steep = step(0.86, 0.72, ground.normal(at, 2.0).y + 0.006 * wander);
        let (dry, high) = (step(SEA + 1.0, SEA + 4.5, height), step(38.0, 52.0, height));
        let flat = 1.0 - steep;
        let shore = 1.0 - dry;
        shares.copy_from_slice(&[
            shore,
            dry * flat * (1.0 - high),
            dry * steep * (1.0 - high),
            dry * steep * high,
            dry * flat * high,
        ]);
    }))
}

fn spawn(
    mut commands: Commands,
    mut generators: ResMut<Assets<Generator>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) -> Result {
    let mut built = |name| generators::load(name).map(|loaded| generators.add(Generator::from(loaded)));
    let (material, sky) = (built("noise_material").ok_or("built in")?, built("cloudy_sky").ok_or("built in")?);
    let ground = height();
    let world = WorldPatches {
        seed: 5,
        patch_size: 24.0,
        levels: 5,
        cells: 40,
        controls: [("relief", 0.7), ("mottle", 0.5), ("detail", 0.55), ("scale", 0.85), ("veins", 0.0)]
            .map(|(name, value)| (name.to_string(), Control::Number(value)))
            .into(),
        ..WorldPatches::new(material)
    };
    commands.spawn((world, biomes(&ground), ground.clone()));

    let sky = Synthesis::new(sky).with_size(UVec2::splat(256)).with_seed(8);
    let sky = sky.with_control("azimuth", AZIMUTH).with_control("elevation", ELEVATION).with_control("haze", 0.35);
    let fog = DistanceFog {
        color: HAZE,
        directional_light_color: SUNLIGHT.with_alpha(0.5),
        directional_light_exponent: 12.0,
        falloff: FogFalloff::from_visibility_colors(1_500.0, HAZE, HAZE),
    };
    let eye = Transform::from_xyz(0.0, EYE, 0.0).looking_to(Vec3::new(0.2, -0.12, -1.0), Vec3::Y);
    commands.spawn((Camera3d::default(), eye, fog, sky, SkyTarget { brightness: 900.0, ..default() }, ground));
    let (azimuth, elevation) = (AZIMUTH.to_radians(), ELEVATION.to_radians());
    let sun = Vec3::new(azimuth.sin() * elevation.cos(), elevation.sin(), -azimuth.cos() * elevation.cos());
    let light = DirectionalLight { illuminance: 11_000.0, color: SUNLIGHT, shadow_maps_enabled: true, ..default() };
    commands.spawn((light, Transform::default().looking_to(-sun, Vec3::Y)));
    let water = StandardMaterial { base_color: Color::srgb(0.05, 0.11, 0.13), perceptual_roughness: 0.12, ..default() };
    let water = (Mesh3d(meshes.add(Plane3d::default().mesh().size(4e3, 4e3))), MeshMaterial3d(materials.add(water)));
    commands.spawn((water, Transform::from_xyz(0.0, SEA, 0.0)));
    Ok(())
}

/// The camera flies on over the ground.
fn fly(mut cameras: Query<(&mut Transform, &WorldHeight, &Camera), Without<WorldPatches>>, time: Res<Time>) {
    for (mut at, ground, camera) in &mut cameras {
        if camera.is_active {
            let forward = at.forward().with_y(0.0).normalize_or_zero();
            at.translation += SPEED * time.delta_secs() * forward;
        }
        let wanted = ground.at(at.translation.xz().as_dvec2()).max(SEA) + EYE;
        let rate = if camera.is_active { (2.0 * time.delta_secs()).min(1.0) } else { 1.0 };
        at.translation.y += (wanted - at.translation.y) * rate;
    }
}
