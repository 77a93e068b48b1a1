//! You will see endless hills of sand, meadow, rock and snow, six layers of photographic materials that blend, generated around a flying camera.

#[path = "terrain/ground.rs"]
mod ground;

use bevy::light::CascadeShadowConfigBuilder;
use bevy::math::DVec2;
use bevy::pbr::{DistanceFog, FogFalloff};
use bevy::prelude::*;
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use ground::{LAYERS, SEA};
use imagine_examples::{Arguments, parse_arguments};

const SEED: u64 = 5;
/// Speed of the camera in world units a second, and its height above the ground.
const SPEED: f32 = 12.0;
const EYE: f32 = 16.0;
/// Degrees from the direction of flight to the sun, and from the horizon to the sun.
const AZIMUTH: f32 = 292.0;
const ELEVATION: f32 = 24.0;
const SUNLIGHT: Color = Color::srgb(1.0, 0.88, 0.72);
const HAZE: Color = Color::srgb(0.66, 0.73, 0.82);
const WATER: Color = Color::srgb(0.04, 0.09, 0.10);
/// Distance from the start to the peak ahead, in world units.
const DISTANCE: f64 = 330.0;

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("terrain");
    app.add_systems(Startup, (spawn_ground, spawn_camera_and_sun, spawn_water)).add_systems(Update, fly);
    arguments.run(app, "terrain")
}

fn spawn_ground(mut commands: Commands, assets: Res<AssetServer>) {
    let height = ground::height();
    let patches = WorldPatches {
        seed: SEED,
        texels: 512,
        patch_size: 16.0,
        levels: 6,
        detail: 0.75,
        cells: 48,
        ..WorldPatches::new(assets.load(LAYERS))
    };
    commands.spawn((patches, ground::biomes(&height), height));
}

fn spawn_camera_and_sun(mut commands: Commands, mut generators: ResMut<Assets<Generator>>) -> Result {
    let height = ground::height();
    let (eye, way) = viewpoint(&height);
    let way = Vec3::new(way.x as f32, 0.0, way.y as f32);
    let azimuth = (way.x.atan2(-way.z).to_degrees() + AZIMUTH).rem_euclid(360.0);
    let sky = generators::load("cloudy_sky").ok_or("cloudy_sky is built in")?;
    let sky = Synthesis::new(generators.add(Generator::from(sky)))
        .with_size(UVec2::splat(512))
        .with_seed(8)
        .with_control("ground", HAZE)
        .with_control("azimuth", azimuth)
        .with_control("elevation", ELEVATION)
        .with_control("haze", 0.3);
    let fog = DistanceFog {
        color: HAZE,
        directional_light_color: SUNLIGHT.with_alpha(0.4),
        directional_light_exponent: 10.0,
        falloff: FogFalloff::from_visibility_colors(2_000.0, HAZE, HAZE),
    };
    let eye = Transform::from_xyz(eye.x as f32, EYE, eye.y as f32).looking_to(way - 0.02 * Vec3::Y, Vec3::Y);
    commands.spawn((Camera3d::default(), eye, fog, sky, SkyTarget { brightness: 900.0, ..default() }, height));

    let (azimuth, elevation) = (azimuth.to_radians(), ELEVATION.to_radians());
    let sun = Vec3::new(azimuth.sin() * elevation.cos(), elevation.sin(), -azimuth.cos() * elevation.cos());
    let light = DirectionalLight { illuminance: 10_000.0, color: SUNLIGHT, shadow_maps_enabled: true, ..default() };
    let cascades = CascadeShadowConfigBuilder { maximum_distance: 600.0, ..default() }.build();
    commands.spawn((light, cascades, Transform::default().looking_to(-sun, Vec3::Y)));
    Ok(())
}

fn spawn_water(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let mesh = Mesh3d(meshes.add(Plane3d::default().mesh().size(2e4, 2e4)));
    let material = StandardMaterial { base_color: WATER, perceptual_roughness: 0.15, ..default() };
    commands.spawn((mesh, MeshMaterial3d(materials.add(material)), Transform::from_xyz(0.0, SEA, 0.0)));
}

/// A place with a view of the highest peak around, and the direction to the peak.
fn viewpoint(height: &WorldHeight) -> (DVec2, DVec2) {
    let places = (-40..=40).flat_map(|x| (-40..=40).map(move |z| DVec2::new(f64::from(x), f64::from(z)) * 25.0));
    let peak = places.max_by(|a, b| height.at(*a).total_cmp(&height.at(*b))).unwrap_or_default();
    let around = (0..48).map(|i| DVec2::from_angle(f64::from(i) * std::f64::consts::TAU / 48.0));
    // Low ground just above the sea.
    let low = |way: &DVec2| (height.at(peak - *way * DISTANCE) - SEA - 4.0).abs();
    let way = around.min_by(|a, b| low(a).total_cmp(&low(b))).unwrap_or(DVec2::X);
    (peak - way * DISTANCE, way)
}

/// Moves the camera forward, above the ground and the water.
fn fly(mut cameras: Query<(&mut Transform, &WorldHeight, &Camera), Without<WorldPatches>>, time: Res<Time>) {
    for (mut at, height, camera) in &mut cameras {
        if camera.is_active {
            let forward = at.forward().with_y(0.0).normalize_or_zero();
            at.translation += SPEED * time.delta_secs() * forward;
        }
        let wanted = height.at(at.translation.xz().as_dvec2()).max(SEA) + EYE;
        let rate = if camera.is_active { (2.0 * time.delta_secs()).min(1.0) } else { 1.0 };
        at.translation.y += (wanted - at.translation.y) * rate;
    }
}
