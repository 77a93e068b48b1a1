//! You will see two balls of stone from generators inside the program: three lines a material, and no file anywhere.

use bevy::prelude::*;
use bevy_imagine::default_generators::{STONE_WALL, VEINED_SLATE};
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::Arguments;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("no files");
    app.add_systems(Startup, spawn);
    arguments.run(app, "no_files")
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    // Normal maps need tangents.
    let ball = meshes.add(Sphere::new(1.0).mesh().uv(96, 48).with_generated_tangents()?);
    for (path, x) in [(STONE_WALL, -1.15), (VEINED_SLATE, 1.15)] {
        commands.spawn((
            Mesh3d(ball.clone()),
            Synthesis::new(assets.load(path)),
            MaterialTarget::default(),
            Transform::from_xyz(x, 0.0, 0.0).with_rotation(Quat::from_rotation_x(-1.3)),
        ));
    }
    let view = Transform::from_xyz(0.0, 0.5, 4.2).looking_at(Vec3::ZERO, Vec3::Y);
    commands.spawn((Camera3d::default(), view));
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(2.0, 3.0, 2.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}
