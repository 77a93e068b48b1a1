//! You will see a ball of stone whose material a network generates: a whole program, as README shows it.

use bevy::prelude::*;
use bevy_imagine::default_generators::STONE_WALL;
use bevy_imagine::prelude::*;

fn main() {
    App::new().add_plugins((DefaultPlugins, ImaginePlugin::default())).add_systems(Startup, spawn).run();
}

pub(crate) fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    // Normal maps need tangents.
    let ball = Sphere::new(1.0).mesh().uv(64, 32).with_generated_tangents()?;
    commands.spawn((
        Mesh3d(meshes.add(ball)),
        Synthesis::new(assets.load(STONE_WALL)).with_seed(7), // what to make
        MaterialTarget::default(),                            // where it goes
    ));
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 1.0, 4.0).looking_at(Vec3::ZERO, Vec3::Y)));
    commands.spawn(DirectionalLight::default());
    Ok(())
}
