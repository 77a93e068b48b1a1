//! Why a generator cannot fulfil a request.

use super::windows::WindowError;
use crate::graph::GraphErrors;
use crate::tensor::{Extent, Size};

/// Why a generator cannot fulfil a request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A size that the generator does not make.
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
    /// No image asked for, or too many.
    #[error("batch {0}: 1 to 4096 expected")]
    Batch(usize),
    /// Steps asked of a network that has none, or too many.
    #[error("{steps} steps: {reason}")]
    Steps {
        /// Steps asked for.
        steps: u32,
        /// What would do.
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
    /// An input without a default that was left out.
    #[error("input {name:?} ({kind}) has no default and was not given")]
    MissingInput {
        /// The name.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// A value that the input does not take.
    #[error("input {name:?}: {found} is given, {expected} expected")]
    Value {
        /// The name.
        name: String,
        /// What would do.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A size at which directions on a sphere are not known.
    #[error(
        "input {name:?} needs directions on a sphere: batch 6 of square images makes a cubemap, batch 1 of an image twice \
         as wide as high a panorama; batch {} of {}x{} is neither",
        size.batch, size.width, size.height
    )]
    Sphere {
        /// The name.
        name: String,
        /// What was asked for.
        size: Size,
    },
    /// A generator that makes no patches of a world.
    #[error("the generator makes no patches of a world: {0}")]
    Window(#[from] WindowError),
    /// A generator with a value that has no place in a world.
    #[error("the generator makes no patches of a world: {value:?} is {reason}")]
    Patch {
        /// Name of the input or output.
        value: String,
        /// What it is.
        reason: String,
    },
    /// A patch that would take too much to compute.
    #[error("a patch of {side} texels a side needs a window of {window}; 1 to {limit} are possible")]
    WindowSize {
        /// Texels of the patch's side.
        side: usize,
        /// Texels of the window's side.
        window: usize,
        /// Most texels.
        limit: usize,
    },
    /// A patch beyond the ends of the world.
    #[error(
        "the patch, or what it depends on, lies beyond the end of the world: texels -2^31 to 2^31 - 1 along an axis"
    )]
    WorldEnd,
    /// Fields that the generator cannot take.
    #[error("fields for inputs {inputs:?}: {reason}")]
    Field {
        /// Names of the inputs.
        inputs: Vec<String>,
        /// What is wrong.
        reason: String,
    },
    /// The graphs have no shapes at this size.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
}
