//! Three photographic materials embedded in the program (feature `default_generators`, about 0.9 MB): materials without asset files.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_imagine::default_generators::RED_BRICKS;
//! use bevy_imagine::prelude::*;
//!
//! fn main() {
//!     App::new().add_plugins((DefaultPlugins, ImaginePlugin::default())).add_systems(Startup, spawn).run();
//! }
//!
//! fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) {
//!     let wall = Rectangle::new(4.0, 3.0).mesh().build().with_generated_tangents().expect("it has normals and UVs");
//!     let bricks = Synthesis::new(assets.load(RED_BRICKS)).with_size(UVec2::splat(1024));
//!     commands.spawn((Mesh3d(meshes.add(wall)), bricks, MaterialTarget::default()));
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

/// Red bricks in sizes that are multiples of 32, with the slider `lightness`.
pub const RED_BRICKS: &str = "embedded://bevy_imagine/default_generators/red_bricks.generator.safetensors";
/// Damaged plaster in sizes that are multiples of 256, with the slider `plaster`: from bare bricks to whole plaster.
pub const PLASTER: &str = "embedded://bevy_imagine/default_generators/plaster.generator.safetensors";
/// Moss in sizes that are multiples of 256, with the slider `moss`: from bare to dense.
pub const MOSS: &str = "embedded://bevy_imagine/default_generators/moss.generator.safetensors";
/// Asset paths of all of them. Each makes base colour, normal, roughness and height by example of a CC0 photograph; they tile.
pub const ALL: [&str; 3] = [RED_BRICKS, PLASTER, MOSS];

/// Registers the bytes with the asset server.
pub(super) fn embed(app: &mut App) {
    const FILES: [(&str, &[u8]); 3] = [
        (RED_BRICKS, include_bytes!("../default_generators/red_bricks.generator.safetensors")),
        (PLASTER, include_bytes!("../default_generators/plaster.generator.safetensors")),
        (MOSS, include_bytes!("../default_generators/moss.generator.safetensors")),
    ];
    let registry = app.world_mut().resource_mut::<EmbeddedAssetRegistry>();
    for (path, bytes) in FILES {
        let path = path.trim_start_matches("embedded://");
        registry.insert_asset(PathBuf::new(), Path::new(path), bytes);
    }
}
