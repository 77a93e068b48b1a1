//! You will see a wall form out of nothing and never stand still: an automaton that takes its steps while the game runs.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::Arguments;

const GENERATOR: &str = "generators/stone_wall.generator.safetensors";
/// Steps that the three walls have behind them when they are first seen.
const STEPS: [u32; 3] = [8, 32, 160];

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("living texture");
    app.add_systems(Startup, spawn);
    arguments.run(app, "living_texture")
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    for (index, steps) in STEPS.into_iter().enumerate() {
        let wall = meshes.add(Plane3d::new(Vec3::Z, Vec2::splat(1.0)).mesh().build().with_generated_tangents()?);
        let place = Transform::from_xyz(2.2 * (index as f32 - 1.0), 0.0, 0.0);
        let synthesis = Synthesis { steps: Some(steps), ..Synthesis::new(assets.load(GENERATOR)) };
        // The file says how many steps a second; `Living::steps_per_second` would.
        commands.spawn((Mesh3d(wall), place, synthesis, MaterialTarget::default(), Living::default()));
    }
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 0.0, 4.4).looking_at(Vec3::ZERO, Vec3::Y)));
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(-2.0, 1.0, 3.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}
