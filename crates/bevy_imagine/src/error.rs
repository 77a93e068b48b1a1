//! Why a request cannot be fulfilled.

use std::sync::Arc;

use bevy::asset::AssetLoadError;
use bevy::math::UVec2;
use imagine_graph::RequestError;
use imagine_wgpu::{EncodeError, PipelineError, PlanError, UploadError};

/// Why a request cannot be fulfilled.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthesisError {
    /// The generator did not load. Bevy's asset server has logged it.
    #[error(transparent)]
    Load(#[from] Arc<AssetLoadError>),
    /// The request has no target.
    #[error(
        "generator {generator:?}: nothing says where the result goes; add a MaterialTarget, ImageTarget, SpriteTarget or SkyTarget"
    )]
    NoTarget {
        /// Name of the generator.
        generator: String,
    },
    /// Targets of one entity that need different numbers of images.
    #[error(
        "generator {generator:?}: the targets of one entity need {batches:?} images each; give them entities of their own"
    )]
    Targets {
        /// Name of the generator.
        generator: String,
        /// Images that each target needs.
        batches: Vec<u32>,
    },
    /// The generator lacks an output that the target needs.
    #[error("generator {generator:?} has no output{} for {target}; it has {found:?}", if wanted.is_empty() { String::new() } else { format!(" {wanted:?}") })]
    MissingOutput {
        /// Name of the generator.
        generator: String,
        /// What the output was for.
        target: &'static str,
        /// The output that was asked for; empty if any of several would do.
        wanted: String,
        /// Its outputs and their kinds.
        found: Vec<String>,
    },
    /// A sky whose faces are not square.
    #[error("generator {generator:?}: faces of a sky are as wide as high, {}x{} is asked for", size.x, size.y)]
    NotSquare {
        /// Name of the generator.
        generator: String,
        /// Size asked for.
        size: UVec2,
    },
    /// A living result of a generator without steps.
    #[error("generator {generator:?} is not recurrent: Living needs a network with steps")]
    NotRecurrent {
        /// Name of the generator.
        generator: String,
    },
    /// A part of a world that there cannot be.
    #[error("generator {generator:?}: a WorldPatch does not go with {with}")]
    WorldPatch {
        /// Name of the generator.
        generator: String,
        /// What is beside it.
        with: &'static str,
    },
    /// A rate of steps that makes no sense.
    #[error("generator {generator:?}: {rate} steps a second are asked for, 0 to 1000 are possible")]
    StepRate {
        /// Name of the generator.
        generator: String,
        /// Steps a second.
        rate: f32,
    },
    /// A picture for an input that takes none.
    #[error("generator {generator:?} has no image or mask input {name:?}; it has {known:?}")]
    NoPicture {
        /// Name of the generator.
        generator: String,
        /// The name.
        name: String,
        /// Names of inputs that take pictures.
        known: Vec<String>,
    },
    /// The game's own image cannot take the result.
    #[error("the image of an ImageTarget does not fit: {reason}")]
    Image {
        /// How it is and how it should be.
        reason: String,
    },
    /// A result that does not fit into the plugin's memory budget.
    #[error(
        "generator {generator:?} needs {needed} bytes of GPU memory; {held} of the budget of {budget} are in use (ImaginePlugin::memory_budget)"
    )]
    Memory {
        /// Name of the generator.
        generator: String,
        /// Bytes it needs.
        needed: u64,
        /// Bytes in use.
        held: u64,
        /// Most bytes.
        budget: u64,
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

impl SynthesisError {
    /// Whether it may be gone on another device: nothing is wrong with the request.
    pub(crate) fn is_of_device(&self) -> bool {
        matches!(self, SynthesisError::Pipeline(_) | SynthesisError::Encode(_) | SynthesisError::Upload(_))
    }
}
