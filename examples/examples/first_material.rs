//! You will see a wall of bricks, made by example while the program starts: a whole program, as README shows it.

use bevy::prelude::*;
use bevy_imagine::default_generators::RED_BRICKS;
use bevy_imagine::prelude::*;

fn main() {
    App::new().add_plugins((DefaultPlugins, ImaginePlugin::default())).add_systems(Startup, spawn).run();
}

pub(crate) fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    // Normal maps need tangents.
    let wall = Rectangle::new(4.0, 3.0).mesh().build().with_generated_tangents()?;
    commands.spawn((
        Mesh3d(meshes.add(wall)),
        // What to make.
        Synthesis::new(assets.load(RED_BRICKS)).with_size(UVec2::new(2048, 1536)).with_seed(7),
        // Where it goes, in its real size: the wall is 4 x 3 metres.
        MaterialTarget { surface: Some(Vec2::new(4.0, 3.0)), ..default() },
    ));
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 0.0, 3.2)));
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(4.0, 3.0, 2.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}
