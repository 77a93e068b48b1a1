//! Why a generator cannot fulfil a request.

use super::windows::WindowError;
use crate::graph::GraphErrors;
use crate::tensor::{Extent, Size};

/// Why a generator cannot fulfil a request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A size that breaks the generator's size rule.
    #[error(
        "size {}x{}: the width must be a multiple of {} and at least {}, the height a multiple of {} and at least {}; the \
         nearest such size is {}x{}",
        size.width, size.height, multiple.width, min.width, multiple.height, min.height, nearest.width, nearest.height
    )]
    Size {
        /// The requested size.
        size: Extent,
        /// What height and width must be multiples of.
        multiple: Extent,
        /// The smallest size.
        min: Extent,
        /// The nearest valid size.
        nearest: Extent,
    },
    /// A size that the network does not make.
    #[error("size {}x{}: the network makes output {output:?} in {}x{} only", asked.width, asked.height, made.width, made.height)]
    Output {
        /// Name of the output.
        output: String,
        /// The requested size.
        asked: Extent,
        /// The size that the network makes.
        made: Extent,
    },
    /// A batch of no image, or of too many.
    #[error("batch {0}: expected 1 to 4096")]
    Batch(usize),
    /// Steps for a network that has none, or too many.
    #[error("{steps} steps: {reason}")]
    Steps {
        /// Requested steps.
        steps: u32,
        /// Why they are refused.
        reason: &'static str,
    },
    /// An input that the generator does not have.
    #[error("there is no input {name:?}; the generator has {known:?}")]
    UnknownInput {
        /// The name.
        name: String,
        /// Names of the inputs.
        known: Vec<String>,
    },
    /// A missing input that has no default.
    #[error("input {name:?} ({kind}) is missing and has no default")]
    MissingInput {
        /// The name.
        name: String,
        /// Kind of the input.
        kind: &'static str,
    },
    /// A value that the input does not accept.
    #[error("input {name:?} is {found}, expected {expected}")]
    Value {
        /// The name.
        name: String,
        /// The accepted values.
        expected: String,
        /// The given value.
        found: String,
    },
    /// A size that is neither a cubemap nor a panorama.
    #[error(
        "input {name:?} needs directions on a sphere: a batch of 6 square images (cubemap), or one image twice as wide as \
         high (panorama); batch {} at {}x{} is neither",
        size.batch, size.width, size.height
    )]
    Sphere {
        /// The name.
        name: String,
        /// The requested size.
        size: Size,
    },
    /// A generator that cannot make patches of a world.
    #[error("the generator cannot make patches of a world: {0}")]
    Window(#[from] WindowError),
    /// A generator with an input or output that has no position in a world.
    #[error("the generator cannot make patches of a world: {value:?} is {reason}")]
    Patch {
        /// Name of the input or output.
        value: String,
        /// Completes "is".
        reason: String,
    },
    /// A patch that needs too large a window.
    #[error("a patch side of {side} texels needs a window of {window} texels, but 1 to {limit} are possible")]
    WindowSize {
        /// Side of the patch in texels.
        side: usize,
        /// Side of the window in texels.
        window: usize,
        /// Maximum side of a window.
        limit: usize,
    },
    /// A patch beyond the end of the world.
    #[error(
        "the patch, or the surroundings that it is computed from, lie beyond the end of the world: texels are -2^31 to \
         2^31 - 1 along each axis"
    )]
    WorldEnd,
    /// Fields that the generator does not accept.
    #[error("fields for inputs {inputs:?}: {reason}")]
    Field {
        /// Names of the inputs.
        inputs: Vec<String>,
        /// Why they are refused.
        reason: String,
    },
    /// Graphs that cannot be bound to this size.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
}
