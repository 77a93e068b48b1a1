//! Why a network cannot be planned.

use imagine_graph::{GraphErrors, WindowError};

/// Why a network cannot be planned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The graphs do not fit this size.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
    /// A value that no single binding of the device can hold.
    #[error("value {value:?} needs {bytes} bytes; one binding of this device holds at most {limit}")]
    TooLarge {
        /// Name of the value.
        value: String,
        /// Bytes it needs.
        bytes: u64,
        /// Maximum bytes of a binding.
        limit: u64,
    },
    /// More memory than the options allow.
    #[error("live values need {bytes} bytes; the limit is {limit}")]
    Arena {
        /// Bytes they need.
        bytes: u64,
        /// Maximum bytes.
        limit: u64,
    },
    /// The image does not fit at once, and tiles are impossible.
    #[error("{cause}; tiles are impossible: {reason}")]
    NoTiles {
        /// What does not fit at once.
        cause: Box<PlanError>,
        /// Why no part can be computed by itself.
        reason: Box<WindowError>,
    },
    /// A part of the image cannot be computed by itself.
    #[error(transparent)]
    Windows(Box<WindowError>),
    /// The graphs of a recurrent generator do not fit together.
    #[error("state: {reason}")]
    State {
        /// The mismatch.
        reason: String,
    },
    /// A kernel needs more bindings than every device has.
    #[error("node {label:?} needs {found} storage bindings; devices have {limit}")]
    Bindings {
        /// The call's label.
        label: String,
        /// Bindings it needs.
        found: usize,
        /// Maximum number of bindings.
        limit: usize,
    },
}
