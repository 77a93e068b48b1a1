//! Why an image cannot be computed in windows.

use crate::graph::GraphErrors;

/// Why no part of an image can be computed on its own.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// A node that needs more than a window of its input.
    #[error("{part}: node {node:?} ({op}) reads {reads}, so no part of the {axis} can be computed on its own")]
    Global {
        /// The graph: `output`, `init` or `step`.
        part: &'static str,
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: &'static str,
        /// Completes "reads", as in "all of height and width".
        reads: String,
        /// `height` or `width`.
        axis: &'static str,
    },
    /// An input whose height and width are not its last two dimensions.
    #[error("input {input:?}: the {axis} is not dimension {expected} from the end, so it cannot be cropped")]
    Layout {
        /// Name of the input.
        input: String,
        /// `height` or `width`.
        axis: &'static str,
        /// Where it should be: 1 is the last dimension.
        expected: usize,
    },
    /// An image size that does not fit the network's strides.
    #[error("the {axis} is {length}, not a multiple of {alignment}, and the network wraps around")]
    Alignment {
        /// `height` or `width`.
        axis: &'static str,
        /// Pixels of the image.
        length: usize,
        /// What it must be a multiple of.
        alignment: usize,
    },
    /// Outputs whose size does not depend on the image's.
    #[error("no output depends on the {axis}")]
    Fixed {
        /// `height` or `width`.
        axis: &'static str,
    },
    /// Random numbers that do not wrap where the network does.
    #[error(
        "the network wraps around the {axis} but its random numbers do not, so no part across the border can be computed on \
         its own"
    )]
    Seam {
        /// `height` or `width`.
        axis: &'static str,
    },
    /// A state that depends on too much.
    #[error("after {steps} steps a pixel depends on more than {limit} pixels of the {axis}")]
    Reach {
        /// Requested steps.
        steps: u32,
        /// `height` or `width`.
        axis: &'static str,
        /// Maximum number of pixels.
        limit: i64,
    },
    /// Graphs that cannot be bound to the size of a window.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
}
