//! You will see one ball whose material a network makes: the least that a game has to write.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::Arguments;

const GENERATOR: &str = "generators/stone_wall.generator.safetensors";

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("first material");
    app.add_systems(Startup, spawn).add_observer(tell);
    arguments.run(app, "first_material")
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    // Normal maps need tangents.
    let ball = Sphere::new(1.0).mesh().uv(96, 48).with_generated_tangents()?;
    let synthesis = Synthesis::new(assets.load(GENERATOR)).with_seed(1);
    let upright = Transform::from_rotation(Quat::from_rotation_x(-1.3));
    commands.spawn((Mesh3d(meshes.add(ball)), upright, synthesis, MaterialTarget::default()));
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 0.6, 3.0).looking_at(Vec3::ZERO, Vec3::Y)));
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(2.0, 3.0, 2.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}

fn tell(finished: On<SynthesisFinished>) {
    info!("{} is finished", finished.entity);
}
