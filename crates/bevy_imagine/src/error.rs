//! Why a request cannot be fulfilled.

use std::sync::Arc;

use bevy::asset::AssetLoadError;
use imagine_graph::RequestError;
use imagine_wgpu::{EncodeError, PipelineError, PlanError, UploadError};

/// Why a request cannot be fulfilled.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthesisError {
    /// The generator did not load. Bevy's asset server has logged it.
    #[error(transparent)]
    Load(#[from] Arc<AssetLoadError>),
    /// The generator has no output that a material shows.
    #[error("generator {generator:?} has none of the outputs that a material shows; it has {found:?}")]
    NoMaps {
        /// Name of the generator.
        generator: String,
        /// Kinds of its outputs.
        found: Vec<&'static str>,
    },
    /// A texture that the device cannot hold.
    #[error("generator {generator:?}: size {width}x{height} is more than the {limit} texels a side of this device")]
    DeviceLimit {
        /// Name of the generator.
        generator: String,
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// Longest side of a texture.
        limit: u32,
    },
    /// The generator does not make what was asked for.
    #[error("generator {generator:?}: {error}")]
    Request {
        /// Name of the generator.
        generator: String,
        /// What is wrong.
        error: RequestError,
    },
    /// The generator has no passes on this device.
    #[error("generator {generator:?}: {error}")]
    Plan {
        /// Name of the generator.
        generator: String,
        /// What is wrong.
        error: PlanError,
    },
    /// A shader does not compile: a fault of ours or of the driver.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// Passes could not be recorded: a fault of ours.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An input could not be uploaded: a fault of ours.
    #[error(transparent)]
    Upload(#[from] UploadError),
}
