//! You will see a wall of plaster over bricks twice: with 256 x 256 texels, and with 1024 x 1024 that a network makes of them.

use bevy::camera::ScalingMode;
use bevy::prelude::*;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::{Arguments, parse_arguments};

/// Texels of a side that are generated.
const SIDE: u32 = 256;
/// How often the network enlarges a side, 2 or 4.
const FACTOR: u32 = 4;
/// Side of each wall, and the gap between them.
const WALL: f32 = 2.0;
const GAP: f32 = 0.06;

#[derive(Parser, Resource, Clone)]
struct Upscaled {
    #[command(flatten)]
    common: Arguments,
}

fn main() -> anyhow::Result<()> {
    let arguments: Upscaled = parse_arguments();
    let mut app = arguments.common.app("upscale");
    app.add_systems(Startup, (spawn_walls, spawn_view));
    arguments.common.run(app, "upscale")
}

fn spawn_walls(
    mut commands: Commands,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) -> Result {
    let plaster: Handle<Generator> = assets.load("materials/plaster.generator.safetensors");
    let wall = meshes.add(Rectangle::new(WALL, WALL).mesh().build().with_generated_tangents()?);
    let mut at = |side: f32| {
        let place = Transform::from_xyz(side * (WALL + GAP) / 2.0, 0.0, 0.0);
        (Mesh3d(wall.clone()), MeshMaterial3d(materials.add(StandardMaterial::default())), place)
    };
    let request = Synthesis::new(plaster.clone()).with_seed(3);

    // As it is generated.
    commands.spawn((at(-1.0), request.clone().with_size(UVec2::splat(SIDE)), MaterialTarget::default()));
    // The same, enlarged: one component more, and the size of the result.
    let upscale = Upscale::new(plaster, UpscaleWith::Network(FACTOR));
    commands.spawn((at(1.0), upscale, request.with_size(UVec2::splat(SIDE * FACTOR)), MaterialTarget::default()));
    Ok(())
}

fn spawn_view(mut commands: Commands) {
    let scaling_mode = ScalingMode::AutoMin { min_width: 2.0 * WALL + GAP, min_height: WALL };
    let projection = Projection::from(OrthographicProjection { scaling_mode, ..OrthographicProjection::default_3d() });
    let ambient = AmbientLight { brightness: 400.0, ..default() };
    commands.spawn((Camera3d::default(), projection, Transform::from_xyz(0.0, 0.0, 5.0), ambient));
    let sun = Transform::from_xyz(-3.0, 3.0, 3.0).looking_at(Vec3::ZERO, Vec3::Y);
    commands.spawn((DirectionalLight { illuminance: 6_000.0, ..default() }, sun));
}
