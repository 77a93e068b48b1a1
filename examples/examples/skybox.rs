//! You will see a generated sky with sun and clouds, and ten balls that it lights: metal above, clay below, from smooth to rough.

use bevy::prelude::*;
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};

/// Texels along a face of the cubemap.
const FACE: u32 = 512;
/// Roughness of the balls, from left to right.
const ROUGHNESS: [f32; 5] = [0.0, 0.15, 0.35, 0.6, 1.0];
/// Height, metallic and colour of each row of balls.
const ROWS: [(f32, f32, Color); 2] = [(0.4, 1.0, Color::WHITE), (-1.0, 0.0, Color::srgb(0.8, 0.5, 0.3))];

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("skybox");
    app.add_systems(Startup, spawn);
    arguments.run(app, "skybox")
}

fn spawn(
    mut commands: Commands,
    mut generators: ResMut<Assets<Generator>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) -> Result {
    let sky = generators::load("cloudy_sky").ok_or("cloudy_sky is built in")?;
    let synthesis = Synthesis::new(generators.add(Generator::from(sky)))
        .with_size(UVec2::splat(FACE))
        .with_seed(5)
        .with_control("elevation", 24.0)
        .with_control("azimuth", 65.0);
    let view = Transform::from_xyz(0.0, 0.4, 8.0).looking_at(Vec3::new(0.0, 0.9, 0.0), Vec3::Y);
    commands.spawn((Camera3d::default(), view, synthesis, SkyTarget { brightness: 800.0, ..default() }));
    let ball = meshes.add(Sphere::new(0.6).mesh().uv(64, 32));
    for (index, perceptual_roughness) in ROUGHNESS.into_iter().enumerate() {
        for (y, metallic, base_color) in ROWS {
            let material = StandardMaterial { perceptual_roughness, metallic, base_color, ..default() };
            let place = Transform::from_xyz((index as f32 - 2.0) * 1.5, y, 0.0);
            commands.spawn((Mesh3d(ball.clone()), MeshMaterial3d(materials.add(material)), place));
        }
    }
    Ok(())
}
