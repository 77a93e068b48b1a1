//! Two living textures embedded in the program (feature `default_generators`, about 105 kB): materials without asset files.
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
//! They are ordinary assets: loaded on demand, with a [labeled](crate::asset::GeneratorAssetLabel) model card and a path that
//! recipes store.

use std::path::{Path, PathBuf};

use bevy::asset::io::embedded::EmbeddedAssetRegistry;
use bevy::prelude::*;

/// A wall of rounded stones: base colour, normal, roughness and more, at any size; it tiles.
pub const STONE_WALL: &str = "embedded://bevy_imagine/default_generators/stone_wall.generator.safetensors";
/// Slate with veins: base colour, normal, roughness and more, at any size; it tiles.
pub const VEINED_SLATE: &str = "embedded://bevy_imagine/default_generators/veined_slate.generator.safetensors";
/// Asset paths of all of them.
pub const ALL: [&str; 2] = [STONE_WALL, VEINED_SLATE];

/// Registers the bytes with the asset server.
pub(super) fn embed(app: &mut App) {
    const FILES: [(&str, &[u8]); 2] = [
        (STONE_WALL, include_bytes!("../default_generators/stone_wall.generator.safetensors")),
        (VEINED_SLATE, include_bytes!("../default_generators/veined_slate.generator.safetensors")),
    ];
    let registry = app.world_mut().resource_mut::<EmbeddedAssetRegistry>();
    for (path, bytes) in FILES {
        let path = path.trim_start_matches("embedded://");
        registry.insert_asset(PathBuf::new(), Path::new(path), bytes);
    }
}
