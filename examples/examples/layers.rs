//! You will see a brick wall, a ball and a floor under moss and snow: three materials in one component, and as a file. Moss sits in the
//! joints, snow lies on what faces up.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::{Arguments, parse_arguments};

/// Texels of a side.
const SIDE: u32 = 1024;
/// Brightness of the surroundings.
const AMBIENT: f32 = 500.0;

#[derive(Parser, Resource, Clone)]
struct Layers {
    #[command(flatten)]
    common: Arguments,
}

fn main() -> anyhow::Result<()> {
    let arguments: Layers = parse_arguments();
    let mut app = arguments.common.app("layers");
    app.add_systems(Startup, (spawn_scene, spawn_lights));
    arguments.common.run(app, "layers")
}

fn spawn_scene(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    let wall = Rectangle::new(6.0, 3.0).mesh().build().with_generated_tangents()?;
    let ball = Sphere::new(0.7).mesh().uv(96, 48).with_generated_tangents()?;
    let floor = Plane3d::default().mesh().size(6.0, 3.0).build().with_generated_tangents()?;
    let request = Synthesis::default().with_size(UVec2::splat(SIDE)).with_seed(3);

    // In code: one component beside the request.
    commands.spawn((
        Mesh3d(meshes.add(wall)),
        MeshMaterial3d::<StandardMaterial>::default(),
        Transform::from_xyz(0.0, 1.5, -1.0),
        bricks_moss_and_snow(&assets),
        request.clone(),
        MaterialTarget::default(),
    ));
    // Equal layers are made once: the ball shares the wall's textures.
    commands.spawn((
        Mesh3d(meshes.add(ball)),
        Transform::from_xyz(-0.9, 0.7, 0.4),
        bricks_moss_and_snow(&assets),
        request.clone(),
        MaterialTarget::default(),
    ));
    // As a file: a generator like any other.
    let generator = assets.load("layers/wet_cobblestones.layers.ron");
    commands.spawn((
        Mesh3d(meshes.add(floor)),
        Transform::from_xyz(0.0, 0.0, 0.5),
        Synthesis { generator, ..request },
        MaterialTarget::default(),
    ));
    Ok(())
}

fn bricks_moss_and_snow(assets: &AssetServer) -> MaterialLayers {
    let load = |name: &str| assets.load(format!("materials/{name}.generator.safetensors"));
    let patches = Mask::Noise { size: 256, octaves: 4, from: 0.1, to: 0.5 };
    let joints = Mask::Cavity { radius: 9.0, from: 0.08, to: -0.04 };
    let moss = Layer {
        width: 0.25,
        thickness: 1.0,
        tint: [0.75, 0.8, 0.6],
        ..Layer::new(load("moss")).with_mask(Mask::Product(vec![joints, patches]))
    };
    let up = Mask::Facing { direction: [0.0, 1.0, 0.0], radius: 2.0, from: 0.03, to: 0.3 };
    let drifts = Mask::Noise { size: 256, octaves: 4, from: 0.2, to: 0.6 };
    let snow = Layer {
        tint: [1.3, 1.3, 1.3],
        contrast: 0.1,
        width: 0.6,
        thickness: 3.0,
        ..Layer::new(load("snow")).with_mask(Mask::Product(vec![up, drifts]))
    };
    MaterialLayers::new([Layer::new(load("red_bricks")), moss, snow])
}

fn spawn_lights(mut commands: Commands) {
    let view = Transform::from_xyz(0.6, 1.5, 3.2).looking_at(Vec3::new(0.0, 1.0, -0.6), Vec3::Y);
    commands.spawn((Camera3d::default(), view, AmbientLight { brightness: AMBIENT, ..default() }));
    let sun = DirectionalLight { illuminance: 8_000.0, shadow_maps_enabled: true, ..default() };
    commands.spawn((sun, Transform::from_xyz(-3.0, 3.5, 3.0).looking_at(Vec3::ZERO, Vec3::Y)));
}
