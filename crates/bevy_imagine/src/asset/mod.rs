//! Generators and their descriptions as assets, from generator files, ONNX files and code. Nothing here needs a renderer.

#[cfg(feature = "by_example")]
pub mod by_example;
pub mod edit;
#[cfg(feature = "default_generators")]
pub mod embedded;
mod generator;
mod labels;
mod layers;
mod layers_file;
mod loader;
#[cfg(feature = "onnx")]
pub mod onnx;
mod pending;
mod plugin;
mod upscaled;

pub use generator::{Generator, GeneratorError};
pub use labels::{GeneratorAssetLabel, GeneratorInterface, ModelCard};
pub use layers::{LayerGenerators, MaterialLayersError};
pub use layers_file::{LayersLoader, LayersLoaderError};
pub use loader::{GeneratorLoader, GeneratorLoaderError};
pub use plugin::ImagineAssetPlugin;
pub use upscaled::{UpscaleWith, UpscaledError, UpscaledGenerators};
