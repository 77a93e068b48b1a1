//! Materials from generator networks, made while the game runs, on the device that Bevy renders with.
//!
//! Add the plugin, drop a generator file into `assets/`, and give an entity an [`ImagineMaterial`]:
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_imagine::prelude::*;
//!
//! fn main() {
//!     App::new().add_plugins((DefaultPlugins, ImaginePlugin::default())).add_systems(Startup, spawn).run();
//! }
//!
//! fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) {
//!     // Normal maps need tangents.
//!     let ball = Sphere::new(1.0).mesh().uv(64, 32).with_generated_tangents().expect("a sphere has normals and UVs");
//!     commands.spawn((
//!         Mesh3d(meshes.add(ball)),
//!         ImagineMaterial {
//!             generator: assets.load("generators/stone_wall.generator.safetensors"),
//!             size: UVec2::splat(512),
//!             seed: 7,
//!             ..default()
//!         },
//!     ));
//!     commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 1.0, 4.0).looking_at(Vec3::ZERO, Vec3::Y)));
//!     commands.spawn(DirectionalLight::default());
//! }
//! ```
//!
//! A changed component is synthesised again, and the old picture stays until the new one is whole; a removed component or a
//! despawned entity gives back everything. [`SynthesisFinished`] and
//! [`SynthesisFailed`] are triggered on the entity. What the network computes is spread over frames
//! by [`ImaginePlugin::frame_budget_ms`](prelude::ImaginePlugin::frame_budget_ms); shaders compile on background threads.
//! Nothing is read back.
//!
//! The crate draws nothing itself and holds no network code: networks are `imagine_graph`, their passes `imagine_wgpu`.

pub mod asset;
mod component;
mod error;
mod memory;
mod plugin;
mod render;
mod synthesis;
mod target;

pub use component::{ImagineMaterial, SynthesisFailed, SynthesisFinished, SynthesisStatus};
pub use error::SynthesisError;
/// Generators built in code; `assets.add(Generator::from(generators::load("noise_material").unwrap()))` makes one an asset.
pub use imagine_graph::generators;
pub use memory::ImagineMemory;
pub use plugin::{ImaginePlugin, ImagineSystems};
pub use target::{MapKind, MaterialMaps};

/// What a game needs: `use bevy_imagine::prelude::*`.
pub mod prelude {
    pub use crate::asset::Generator;
    pub use crate::{
        ImagineMaterial, ImaginePlugin, ImagineSystems, MapKind, MaterialMaps, SynthesisFailed, SynthesisFinished,
        SynthesisStatus,
    };
}
