//! You will see a brick wall, a ball and a floor under moss and snow: three materials in one component, and as a file. Moss sits in the
//! joints, snow lies on what faces up.

use std::f32::consts::FRAC_PI_2;

use bevy::math::Affine2;
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

fn spawn_scene(
    mut commands: Commands,
    assets: Res<AssetServer>,
    mut generators: ResMut<Assets<Generator>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) -> Result {
    let wall = Rectangle::new(6.0, 3.0).mesh().build().with_generated_tangents()?;
    let ball = Sphere::new(0.7).mesh().uv(96, 48).with_generated_tangents()?;
    let floor = Plane3d::default().mesh().size(6.0, 3.0).build().with_generated_tangents()?;
    let twice_as_wide = StandardMaterial { uv_transform: Affine2::from_scale(Vec2::new(2.0, 1.0)), ..default() };
    let mut material = || MeshMaterial3d(materials.add(twice_as_wide.clone()));
    let request = Synthesis::default().with_size(UVec2::splat(SIDE)).with_seed(3);

    // In code: one component beside the request.
    let formula = bevy_imagine::generators::load("noise_material").ok_or("it is built in")?;
    let layers = bricks_moss_and_snow(&assets, generators.add(Generator::from(formula)));
    commands.spawn((
        (Mesh3d(meshes.add(wall)), material(), Transform::from_xyz(0.0, 1.5, -1.0)),
        (layers.clone(), request.clone(), MaterialTarget::default()),
    ));
    // Equal layers are made once: the ball shares the wall's textures.
    let upright = Transform::from_xyz(-0.9, 0.7, 0.4).with_rotation(Quat::from_rotation_x(-FRAC_PI_2));
    commands
        .spawn(((Mesh3d(meshes.add(ball)), material(), upright), (layers, request.clone(), MaterialTarget::default())));
    // As a file: a generator like any other.
    let generator = assets.load("layers/wet_cobblestones.layers.ron");
    commands.spawn((
        (Mesh3d(meshes.add(floor)), material(), Transform::from_xyz(0.0, 0.0, 0.5)),
        (Synthesis { generator, ..request }, MaterialTarget::default()),
    ));
    Ok(())
}

/// The lowest first.
fn bricks_moss_and_snow(assets: &AssetServer, formula: Handle<Generator>) -> MaterialLayers {
    let load = |name: &str| assets.load(format!("materials/{name}.generator.safetensors"));
    let patches = Mask::Noise { size: 256, octaves: 4, from: 0.2, to: 0.6 };
    let joints = Mask::Cavity { radius: 9.0, from: 0.08, to: -0.04 };
    let moss = Layer {
        width: 0.25,
        thickness: 1.0,
        tint: [0.75, 0.8, 0.6],
        ..Layer::new(load("moss")).with_mask(Mask::Product(vec![joints, patches]))
    };
    let up = Mask::Facing { direction: [0.0, 1.0, 0.0], radius: 2.0, from: 0.03, to: 0.3 };
    let drifts = Mask::Noise { size: 256, octaves: 4, from: 0.1, to: 0.5 };
    let white = [("color_a", "#dde4ee"), ("color_b", "#cbd5e3"), ("veins", "0"), ("ridges", "0"), ("relief", "0.2")];
    let snow = Layer {
        name: "snow".into(),
        controls: white.map(|(control, value)| (control.into(), value.into())).into(),
        contrast: 0.1,
        width: 0.6,
        thickness: 3.0,
        ..Layer::new(formula).with_mask(Mask::Product(vec![up, drifts]))
    };
    MaterialLayers::new([Layer::new(load("red_bricks")), moss, snow])
}

fn spawn_lights(mut commands: Commands) {
    let view = Transform::from_xyz(0.3, 1.4, 3.2).looking_at(Vec3::new(0.1, 0.95, -0.6), Vec3::Y);
    commands.spawn((Camera3d::default(), view, AmbientLight { brightness: AMBIENT, ..default() }));
    let sun = DirectionalLight { illuminance: 8_000.0, shadow_maps_enabled: true, ..default() };
    commands.spawn((sun, Transform::from_xyz(-3.0, 3.5, 3.0).looking_at(Vec3::ZERO, Vec3::Y)));
}
