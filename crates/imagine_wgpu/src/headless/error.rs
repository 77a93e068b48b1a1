//! Why a request cannot run on a headless device.

use imagine_graph::RequestError;

use crate::pipeline::PipelineError;
use crate::plan::PlanError;
use crate::session::{EncodeError, UploadError};

/// Why no device opens, or why a request on it fails.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// No adapter that the environment variables allow.
    #[error("no {wanted}: {}", found_adapters(found))]
    NoAdapter {
        /// The requested kind of adapter, and the variables that restrict it.
        wanted: String,
        /// Names of the available adapters.
        found: Vec<String>,
    },
    /// The adapter gives no device.
    #[error("the driver of {adapter} opens no device: {reason}")]
    NoDevice {
        /// Name of the adapter.
        adapter: String,
        /// The driver's message.
        reason: String,
    },
    /// The device has no 16-bit floats.
    #[error("{adapter} has no 16-bit floats (SHADER_F16); use precision f32")]
    NoHalf {
        /// Name of the adapter.
        adapter: String,
    },
    /// The request does not fit the generator.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The generator cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A kernel cannot be compiled.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A recording cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An input cannot be uploaded.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The device was lost or ran out of memory.
    #[error("the GPU was lost or ran out of memory: {0}")]
    Device(String),
}

fn found_adapters(names: &[String]) -> String {
    if names.is_empty() { "the system shows none".into() } else { format!("found {names:?}") }
}
