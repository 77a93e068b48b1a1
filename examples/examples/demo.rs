//! You will see every generator of `assets/generators` on a ball, and one of them on the ground, under one sun.
//!
//! Without a window it also writes a close-up of every ball.

use std::f32::consts::PI;

use anyhow::Context;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::light::CascadeShadowConfigBuilder;
use bevy::math::Affine2;
use bevy::prelude::*;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::{ASSETS, Arguments, Pictures};

/// Times that a texture repeats around a ball and from pole to pole.
const BALL_REPEATS: Vec2 = Vec2::new(3.0, 1.5);
/// Times that a texture repeats across the ground.
const GROUND_REPEATS: f32 = 40.0;
/// The generator of the ground, if it is there.
const GROUND: &str = "stone_wall";
/// Side of the ground.
const GROUND_METRES: f32 = 120.0;
/// Distance between the centres of two balls, which have radius 1.
const SPACING: f32 = 2.55;
const TEXELS: u32 = 256;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let files = generators()?;
    let count = files.len();
    let mut app = arguments.app("bevy_imagine demo");
    // What tonemapping makes of the fog: the ground ends in the sky.
    app.insert_resource(ClearColor(Color::srgb(0.553, 0.627, 0.706)))
        .insert_resource(Files(files))
        .add_systems(Startup, (spawn_stage, spawn_materials))
        .add_systems(Update, (place_labels, name_labels));
    if !arguments.headless {
        return arguments.run(app, "demo");
    }
    let mut pictures = Pictures::new(app);
    pictures.settle()?;
    let path = arguments.picture("demo");
    pictures.save(&path)?;
    for index in 0..count {
        look_at_ball(pictures.world(), index, count);
        pictures
            .save(&path.with_file_name(format!("{}_{index}.png", path.file_stem().unwrap_or_default().display())))?;
    }
    Ok(())
}

/// The generator files that are shown, as asset paths.
#[derive(Resource)]
struct Files(Vec<String>);

/// The name below a ball.
#[derive(Component)]
struct Label(Entity);

fn generators() -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    let folder = format!("{ASSETS}/generators");
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".generator.safetensors") {
            files.push(format!("generators/{name}"));
        }
    }
    files.sort();
    anyhow::ensure!(!files.is_empty(), "there is no generator in {folder}");
    Ok(files)
}

/// Where ball `index` of `count` stands: in a shallow arc.
fn ball_place(index: usize, count: usize) -> Vec3 {
    let x = (index as f32 - (count as f32 - 1.0) / 2.0) * SPACING;
    Vec3::new(x, 1.0, -0.12 * x * x)
}

fn spawn_stage(mut commands: Commands, mut images: ResMut<Assets<Image>>) {
    let sky = [Color::srgb(0.55, 0.7, 0.95), Color::srgb(0.75, 0.78, 0.82), Color::srgb(0.32, 0.3, 0.27)];
    let environment = EnvironmentMapLight::hemispherical_gradient(&mut images, sky[0], sky[1], sky[2]);
    commands.spawn((
        Camera3d::default(),
        Projection::Perspective(PerspectiveProjection { fov: PI / 6.0, ..default() }),
        Transform::from_xyz(0.0, 2.8, 9.6).looking_at(Vec3::new(0.0, 0.72, 0.0), Vec3::Y),
        Msaa::Sample4,
        // Names also show where there is no window.
        IsDefaultUiCamera,
        Tonemapping::TonyMcMapface,
        EnvironmentMapLight { intensity: 900.0, ..environment },
        DistanceFog {
            color: Color::srgb(0.62, 0.72, 0.83),
            falloff: FogFalloff::Linear { start: 11.0, end: 45.0 },
            ..default()
        },
    ));
    commands.spawn((
        DirectionalLight {
            color: Color::srgb(1.0, 0.95, 0.86),
            illuminance: 7_500.0,
            shadow_maps_enabled: true,
            ..default()
        },
        CascadeShadowConfigBuilder { first_cascade_far_bound: 16.0, maximum_distance: 40.0, ..default() }.build(),
        Transform::from_xyz(-5.0, 6.5, 6.0).looking_at(Vec3::ZERO, Vec3::Y),
    ));
}

fn spawn_materials(
    mut commands: Commands,
    files: Res<Files>,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) -> Result {
    let mut material = |repeats: Vec2| {
        let uv_transform = Affine2::from_scale(repeats);
        MeshMaterial3d(materials.add(StandardMaterial { uv_transform, ..default() }))
    };
    let request = |file: &String, seed| {
        let synthesis = Synthesis::new(assets.load(file)).with_size(UVec2::splat(TEXELS)).with_seed(seed);
        (synthesis, MaterialTarget::default())
    };
    let ball = meshes.add(Sphere::new(1.0).mesh().uv(128, 64).with_generated_tangents()?);
    let count = files.0.len();
    for (index, file) in files.0.iter().enumerate() {
        let transform = Transform::from_translation(ball_place(index, count))
            .with_rotation(Quat::from_rotation_y(1.0) * Quat::from_rotation_x(-PI / 2.0));
        let ball = (Mesh3d(ball.clone()), material(BALL_REPEATS), transform, request(file, index as u64 + 1));
        let ball = commands.spawn(ball).id();
        let style =
            (TextFont { font_size: FontSize::Px(22.0), ..default() }, TextColor(Color::WHITE), TextShadow::default());
        commands.spawn((
            Label(ball),
            Text::default(),
            style,
            Node { position_type: PositionType::Absolute, ..default() },
        ));
    }
    let ground = Plane3d::default().mesh().size(GROUND_METRES, GROUND_METRES).build().with_generated_tangents()?;
    let ground_file = files.0.iter().find(|file| file.contains(GROUND)).unwrap_or(&files.0[0]);
    commands.spawn((Mesh3d(meshes.add(ground)), material(Vec2::splat(GROUND_REPEATS)), request(ground_file, 99)));
    Ok(())
}

/// Keeps every name below its ball.
fn place_labels(
    camera: Single<(&Camera, &GlobalTransform)>,
    balls: Query<&GlobalTransform, With<Synthesis>>,
    mut labels: Query<(&Label, &mut Node, &ComputedNode)>,
) {
    let (camera, view) = *camera;
    for (label, mut node, computed) in &mut labels {
        let Ok(ball) = balls.get(label.0) else { continue };
        let below = ball.translation() + Vec3::new(0.0, -1.0, 1.05);
        let Ok(at) = camera.world_to_viewport(view, below) else { continue };
        node.left = px(at.x - computed.size().x * computed.inverse_scale_factor() / 2.0);
        node.top = px(at.y);
    }
}

/// Writes the title of its model card into every label.
fn name_labels(
    requests: Query<&Synthesis>,
    generators: Res<Assets<Generator>>,
    mut labels: Query<(&Label, &mut Text)>,
) {
    for (label, mut text) in &mut labels {
        let generator = requests.get(label.0).ok().and_then(|request| generators.get(&request.generator));
        let Some(generator) = generator.filter(|_| text.0.is_empty()) else { continue };
        let title = &generator.card().title;
        text.0 = if title.is_empty() { generator.name().into() } else { title.clone() };
    }
}

fn look_at_ball(world: &mut World, index: usize, count: usize) {
    let ball = ball_place(index, count);
    let mut cameras = world.query_filtered::<&mut Transform, With<Camera3d>>();
    for mut camera in cameras.iter_mut(world) {
        *camera = Transform::from_translation(ball + Vec3::new(0.0, 0.5, 4.6)).looking_at(ball, Vec3::Y);
    }
}
