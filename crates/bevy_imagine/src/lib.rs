//! Textures, materials, sprites and skies from generator networks, synthesised at run time on the device that Bevy renders
//! with.
//!
//! Add the plugin, put a generator file into `assets/`, and give an entity a [`Synthesis`] and a target:
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
//! A changed component is synthesised again, and the old image stays until the new one is complete. Removing the component or
//! despawning the entity releases everything. Equal requests share one result. The plugin triggers [`SynthesisFinished`] and
//! [`SynthesisFailed`] on the entity. [`ImagineBudget`] limits the GPU time per frame; shaders compile on background threads,
//! and nothing is read back. A game adds [targets of its own](target::Target).
//!
//! Networks are `imagine_graph`, their passes `imagine_wgpu`; this crate contains neither.

pub mod asset;
mod error;
mod export;
mod image_source;
mod job;
mod memory;
mod mesh_mask;
mod plugin;
mod render;
mod request;
pub mod target;
mod world;

#[cfg(feature = "by_example")]
pub use asset::by_example;
pub use asset::edit;
#[cfg(feature = "default_generators")]
pub use asset::embedded as default_generators;
#[cfg(feature = "onnx")]
pub use asset::onnx;
pub use error::SynthesisError;
pub use export::{ExportKtx2, ExportPng};
pub use image_source::{ImageChannels, ImageSource};
/// Generators built in code; `assets.add(Generator::from(generators::load("noise_material").unwrap()))` makes one an asset.
pub use imagine_graph::generators;
pub use imagine_graph::{Layer, LayersError, Mask};
pub use memory::ImagineMemory;
pub use mesh_mask::{MeshMaskError, MeshPoint, mesh_mask};
pub use plugin::{ImaginePlugin, ImagineSystems};
pub use render::{FrameStats, ImagineBudget, ImagineStats};
pub use request::{
    Brush, BrushStroke, Control, EveryFrame, Living, MaterialLayers, RecipeControl, RecipeError, RegisterTarget,
    SoftwareCompression, Synthesis, SynthesisFailed, SynthesisFinished, SynthesisRecipe, SynthesisRefresh,
    SynthesisStatus, Upscale, WarmUp, WarmUpFinished, WorldPatch,
};
pub use target::{ImageTarget, MaterialTarget, SkyTarget, SpriteTarget, SynthesisTextures, TextureRole};
pub use world::{
    Biomes, ClimateNoise, FractalNoise, PatchPlace, WorldAnchor, WorldBiomes, WorldHeight, WorldPatches, controls,
};

/// Everything that most games need: `use bevy_imagine::prelude::*`.
pub mod prelude {
    pub use crate::asset::{Generator, UpscaleWith, UpscaledGenerators};
    pub use crate::{
        Brush, BrushStroke, Control, EveryFrame, ImageChannels, ImageSource, ImageTarget, ImagineBudget, ImaginePlugin,
        ImagineSystems, Layer, Living, Mask, MaterialLayers, MaterialTarget, RegisterTarget, SkyTarget, SpriteTarget,
        Synthesis, SynthesisFailed, SynthesisFinished, SynthesisRefresh, SynthesisStatus, SynthesisTextures,
        TextureRole, Upscale, WarmUp, WarmUpFinished, WorldAnchor, WorldBiomes, WorldHeight, WorldPatch, WorldPatches,
    };
}
