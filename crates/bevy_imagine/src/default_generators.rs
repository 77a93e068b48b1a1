//! Two living textures inside the program (feature `default_generators`, about 105 kB): materials without any file.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_imagine::default_generators::STONE_WALL;
//! use bevy_imagine::prelude::*;
//!
//! fn main() {
//!     App::new().add_plugins((DefaultPlugins, ImaginePlugin::default())).add_systems(Startup, spawn).run();
//! }
//!
//! fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) {
//!     let ball = Sphere::new(1.0).mesh().uv(64, 32).with_generated_tangents().expect("a sphere has normals and UVs");
//!     commands.spawn((Mesh3d(meshes.add(ball)), Synthesis::new(assets.load(STONE_WALL)), MaterialTarget::default()));
//!     commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 1.0, 4.0).looking_at(Vec3::ZERO, Vec3::Y)));
//!     commands.spawn(DirectionalLight::default());
//! }
//! ```
//!
//! They are assets like any other: loaded when somebody asks for them, with a model card under a label
//! ([`GeneratorAssetLabel`](crate::asset::GeneratorAssetLabel)), with a path that stands in recipes. A program that never asks
//! pays for the bytes in its file alone.

use bevy::asset::embedded_asset;
use bevy::prelude::*;

/// A wall of rounded stones: base colour, normal, roughness and more, at any size; it tiles.
pub const STONE_WALL: &str = "embedded://bevy_imagine/default_generators/stone_wall.generator.safetensors";
/// Slate with veins: base colour, normal, roughness and more, at any size; it tiles.
pub const VEINED_SLATE: &str = "embedded://bevy_imagine/default_generators/veined_slate.generator.safetensors";
/// Asset paths of all of them.
pub const ALL: [&str; 2] = [STONE_WALL, VEINED_SLATE];

/// Tells the asset server where the files lie in the program.
pub(crate) fn embed(app: &mut App) {
    embedded_asset!(app, "default_generators/stone_wall.generator.safetensors");
    embedded_asset!(app, "default_generators/veined_slate.generator.safetensors");
}
