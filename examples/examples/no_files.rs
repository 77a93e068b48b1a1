//! You will see a courtyard under a sky, and no file is read: the program holds three photographic materials, and formulas for rust and sky.

use bevy::prelude::*;
use bevy_imagine::default_generators::{MOSS, PLASTER, RED_BRICKS};
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};

/// Width and height of a wall in metres.
const WALL: Vec2 = Vec2::new(6.0, 3.0);
/// Texels of a metre, as the materials have: with fewer, a wall would show everything again.
const TEXELS: f32 = 512.0;
/// Texels along a face of the sky.
const FACE: u32 = 512;

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("no files");
    app.add_systems(Startup, (spawn_walls, spawn_ball, spawn_sky));
    arguments.run(app, "no_files")
}

fn spawn_walls(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    let wall = meshes.add(Rectangle::from_size(WALL).mesh().build().with_generated_tangents()?);
    let ground = Plane3d::default().mesh().size(WALL.x, WALL.x).build().with_generated_tangents()?;
    let request = |path, size: Vec2| {
        let request = Synthesis::new(assets.load(path)).with_size((size * TEXELS).as_uvec2()).with_seed(3);
        (request, MaterialTarget { surface: Some(size), ..default() })
    };

    // Plaster that has fallen off in places, over the bricks it was put on.
    let (bricks, target) = request(RED_BRICKS, WALL);
    let patches = Mask::Noise { size: 256, octaves: 4, from: -0.12, to: 0.05 };
    let plaster = Layer { thickness: 2.0, ..Layer::new(assets.load(PLASTER)).with_mask(patches) };
    let layers = MaterialLayers::new([Layer::new(assets.load(RED_BRICKS)), plaster]);
    let behind = Transform::from_xyz(0.0, WALL.y / 2.0, -WALL.x / 2.0);
    commands.spawn((Mesh3d(wall.clone()), layers, bricks, target, behind));

    let left = Transform::from_xyz(-WALL.x / 2.0, WALL.y / 2.0, 0.0).looking_to(Vec3::NEG_X, Vec3::Y);
    commands.spawn((Mesh3d(wall), request(RED_BRICKS, WALL), left));
    commands.spawn((Mesh3d(meshes.add(ground)), request(MOSS, Vec2::splat(WALL.x))));
    Ok(())
}

/// Rusty metal from a graph of noise.
fn spawn_ball(
    mut commands: Commands,
    mut generators: ResMut<Assets<Generator>>,
    mut meshes: ResMut<Assets<Mesh>>,
) -> Result {
    let noise = generators::load("noise_material").ok_or("it is built in")?;
    let mut rust = Synthesis::new(generators.add(Generator::from(noise))).with_size(UVec2::new(1024, 512)).with_seed(2);
    let settings =
        [("scale", 0.6), ("warp", 0.35), ("relief", 0.16), ("coat", 0.45), ("mottle", 1.0), ("metalness", 1.0)];
    for (control, value) in settings {
        rust = rust.with_control(control, value);
    }
    let ball = meshes.add(Sphere::new(0.6).mesh().uv(96, 48).with_generated_tangents()?);
    let place = Transform::from_xyz(0.9, 0.6, -1.2).with_rotation(Quat::from_rotation_x(-std::f32::consts::FRAC_PI_2));
    commands.spawn((Mesh3d(ball), rust, MaterialTarget::default(), place));
    Ok(())
}

/// A sky that lights the courtyard, and a sun in the same place.
fn spawn_sky(mut commands: Commands, mut generators: ResMut<Assets<Generator>>) -> Result {
    const ELEVATION: f32 = 38.0;
    const AZIMUTH: f32 = 140.0;
    let sky = generators::load("cloudy_sky").ok_or("it is built in")?;
    let sky = Synthesis::new(generators.add(Generator::from(sky)))
        .with_size(UVec2::splat(FACE))
        .with_seed(5)
        .with_control("elevation", ELEVATION)
        .with_control("azimuth", AZIMUTH);
    let view = Transform::from_xyz(1.6, 1.7, 3.4).looking_at(Vec3::new(-0.3, 1.0, -1.5), Vec3::Y);
    commands.spawn((Camera3d::default(), view, sky, SkyTarget { brightness: 900.0, ..default() }));
    let sun = DirectionalLight { illuminance: 9_000.0, shadow_maps_enabled: true, ..default() };
    let (azimuth, elevation) = (AZIMUTH.to_radians(), ELEVATION.to_radians());
    let towards = Vec3::new(azimuth.sin() * elevation.cos(), elevation.sin(), -azimuth.cos() * elevation.cos());
    commands.spawn((sun, Transform::from_translation(towards).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}
