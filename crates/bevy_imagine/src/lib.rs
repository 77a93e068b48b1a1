//! Textures, materials, sprites and skies from generator networks, made while the game runs, on the device that Bevy renders
//! with.
//!
//! Add the plugin, drop a generator file into `assets/`, and give an entity a [`Synthesis`] and a target:
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
//!         Synthesis::new(assets.load("generators/stone_wall.generator.safetensors")).with_seed(7),
//!         MaterialTarget::default(),
//!     ));
//!     commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 1.0, 4.0).looking_at(Vec3::ZERO, Vec3::Y)));
//!     commands.spawn(DirectionalLight::default());
//! }
//! ```
//!
//! | target | fills |
//! |---|---|
//! | [`MaterialTarget`] | the `StandardMaterial` of the entity |
//! | [`ImageTarget`] | an image, or a layer of one, from any output |
//! | [`SpriteTarget`] | the `Sprite` of the entity, also a sheet of variants |
//! | [`SkyTarget`] | the `Skybox` of a camera and the light from it |
//!
//! A changed component is synthesised again, and the old picture stays until the new one is whole; a removed component or a
//! despawned entity gives back everything. Requests that ask for the same thing share one result. [`SynthesisFinished`] and
//! [`SynthesisFailed`] are triggered on the entity. What the network computes is spread over frames
//! by [`ImagineBudget`]; shaders compile on background threads. Nothing is read back.
//!
//! The crate draws nothing itself and holds no network code: networks are `imagine_graph`, their passes `imagine_wgpu`.

pub mod asset;
mod brush;
mod changes;
#[cfg(feature = "default_generators")]
pub mod default_generators;
mod error;
mod export;
mod job;
mod labels;
mod memory;
#[cfg(feature = "onnx")]
pub mod onnx;
mod plugin;
mod recipe;
mod recovery;
mod render;
mod request;
mod results;
mod synthesis;
mod target;
mod textures;
mod warm_up;
mod world;

pub use brush::{Brush, BrushStroke};
pub use error::SynthesisError;
pub use export::{ExportKtx2, ExportPng};
/// Generators built in code; `assets.add(Generator::from(generators::load("noise_material").unwrap()))` makes one an asset.
pub use imagine_graph::generators;
pub use memory::ImagineMemory;
pub use plugin::{ImaginePlugin, ImagineSystems};
pub use recipe::{RecipeControl, RecipeError, SynthesisRecipe};
pub use render::{FrameStats, ImagineBudget, ImagineStats};
pub use request::{Control, Living, Synthesis, SynthesisFailed, SynthesisFinished, SynthesisRefresh, SynthesisStatus};
pub use target::{ImageTarget, MaterialTarget, SkyTarget, SpriteTarget, TextureRole};
pub use textures::SynthesisTextures;
pub use warm_up::{WarmUp, WarmUpFinished};
pub use world::{
    Biomes, ClimateNoise, FractalNoise, PatchPlace, WorldAnchor, WorldBiomes, WorldHeight, WorldPatch, WorldPatches,
    controls,
};

/// What a game needs: `use bevy_imagine::prelude::*`.
pub mod prelude {
    pub use crate::asset::Generator;
    pub use crate::{
        Brush, BrushStroke, Control, ImageTarget, ImagineBudget, ImaginePlugin, ImagineSystems, Living, MaterialTarget,
        SkyTarget, SpriteTarget, Synthesis, SynthesisFailed, SynthesisFinished, SynthesisRefresh, SynthesisStatus,
        SynthesisTextures, TextureRole, WarmUp, WarmUpFinished, WorldAnchor, WorldBiomes, WorldHeight, WorldPatch,
        WorldPatches,
    };
}
