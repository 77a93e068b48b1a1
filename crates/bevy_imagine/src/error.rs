//! Errors of requests.

use std::sync::Arc;

use bevy::asset::AssetLoadError;
use bevy::math::UVec2;
use imagine_graph::RequestError;
use imagine_wgpu::{EncodeError, PipelineError, PlanError, UploadError};

/// Why a request failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthesisError {
    /// The generator did not load. Bevy's asset server has logged the error.
    #[error(transparent)]
    Load(#[from] Arc<AssetLoadError>),
    /// The request has no target.
    #[error(
        "generator {generator:?}: the request has no target; add a MaterialTarget, ImageTarget, SpriteTarget or SkyTarget"
    )]
    NoTarget {
        /// Name of the generator.
        generator: String,
    },
    /// The targets of one entity need different numbers of images.
    #[error(
        "generator {generator:?}: the targets of one entity need {batches:?} images each; give them entities of their own"
    )]
    Targets {
        /// Name of the generator.
        generator: String,
        /// Images that each target needs.
        batches: Vec<u32>,
    },
    /// The generator has no output that the target needs.
    #[error("generator {generator:?} has no output{} for {target}; it has {found:?}", if wanted.is_empty() { String::new() } else { format!(" {wanted:?}") })]
    MissingOutput {
        /// Name of the generator.
        generator: String,
        /// The target that needs the output.
        target: &'static str,
        /// Name or kind of the output; empty if any of several would do.
        wanted: String,
        /// The outputs of the generator with their kinds.
        found: Vec<String>,
    },
    /// The faces of a sky have to be square.
    #[error("generator {generator:?}: the faces of a sky are square, but the size is {}x{}", size.x, size.y)]
    NotSquare {
        /// Name of the generator.
        generator: String,
        /// The requested size.
        size: UVec2,
    },
    /// A living result needs a recurrent generator.
    #[error("generator {generator:?} is not recurrent; Living needs a generator with steps")]
    NotRecurrent {
        /// Name of the generator.
        generator: String,
    },
    /// A component is next to something that it cannot be combined with.
    #[error("generator {generator:?}: {component} cannot be combined with {with}")]
    Conflict {
        /// Name of the generator.
        generator: String,
        /// The component.
        component: &'static str,
        /// What it cannot be combined with.
        with: &'static str,
    },
    /// `EveryFrame` without images: nothing would change.
    #[error("generator {generator:?}: EveryFrame needs an image in Synthesis::images, which it reads in every frame")]
    NoImages {
        /// Name of the generator.
        generator: String,
    },
    /// The step rate is out of range.
    #[error("generator {generator:?}: Living asks for {rate} steps per second; the range is 0 to 1000")]
    StepRate {
        /// Name of the generator.
        generator: String,
        /// Steps per second.
        rate: f32,
    },
    /// The request has an image for an input that does not exist or takes none.
    #[error("generator {generator:?} has no image or mask input {name:?}; it has {known:?}")]
    NoImageInput {
        /// Name of the generator.
        generator: String,
        /// Name of the input.
        name: String,
        /// Names of the image and mask inputs.
        known: Vec<String>,
    },
    /// The game's own image cannot hold the result.
    #[error("the image of the target does not fit: {reason}")]
    Image {
        /// The image as it is and as it should be.
        reason: String,
    },
    /// The result exceeds the plugin's memory budget.
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
        /// The budget in bytes.
        budget: u64,
    },
    /// The texture exceeds the limit of the device.
    #[error("generator {generator:?}: size {width}x{height} exceeds the limit of this device, {limit} texels per side")]
    DeviceLimit {
        /// Name of the generator.
        generator: String,
        /// Width in texels.
        width: u32,
        /// Height in texels.
        height: u32,
        /// Largest side of a texture in texels.
        limit: u32,
    },
    /// The generator cannot fulfil the request.
    #[error("generator {generator:?}: {error}")]
    Request {
        /// Name of the generator.
        generator: String,
        /// What is wrong.
        error: RequestError,
    },
    /// The generator cannot run on this device.
    #[error("generator {generator:?}: {error}")]
    Plan {
        /// Name of the generator.
        generator: String,
        /// What is wrong.
        error: PlanError,
    },
    /// A shader does not compile: a bug of this crate or of the driver.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// Passes could not be encoded: a bug of this crate.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An input could not be uploaded: a bug of this crate.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

/// What has to change before a failed request may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureCause {
    Request,
    /// The generator's file did not load.
    Generator,
    /// Nothing is wrong with the request: another device may do better.
    Device,
}

impl SynthesisError {
    pub(crate) fn cause(&self) -> FailureCause {
        match self {
            Self::Load(_) => FailureCause::Generator,
            Self::Pipeline(_) | Self::Encode(_) | Self::Upload(_) => FailureCause::Device,
            _ => FailureCause::Request,
        }
    }
}
