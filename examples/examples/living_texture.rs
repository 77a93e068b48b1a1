//! You will see three ages of one wall: 8, 32 and 160 steps of a neural cellular automaton that keeps running in the game.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};

const GENERATOR: &str = "generators/stone_wall.generator.safetensors";
/// Steps before each wall is first shown.
const STEPS: [u32; 3] = [8, 32, 160];

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("living texture");
    app.add_systems(Startup, spawn);
    arguments.run(app, "living_texture")
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    let wall = meshes.add(Rectangle::new(2.0, 2.0).mesh().build().with_generated_tangents()?);
    for (index, steps) in STEPS.into_iter().enumerate() {
        let place = Transform::from_xyz(2.2 * (index as f32 - 1.0), 0.0, 0.0);
        let synthesis = Synthesis { steps: Some(steps), ..Synthesis::new(assets.load(GENERATOR)) };
        // Runs at the file's own rate; `Living::steps_per_second` sets another one.
        commands.spawn((Mesh3d(wall.clone()), place, synthesis, MaterialTarget::default(), Living::default()));
    }
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 0.0, 4.4).looking_at(Vec3::ZERO, Vec3::Y)));
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(-2.0, 1.0, 3.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}
