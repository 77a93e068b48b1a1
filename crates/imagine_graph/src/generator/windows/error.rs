//! Why an image cannot be computed in parts.

use crate::graph::GraphErrors;

/// Why no part of an image can be computed by itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// A node that needs more than a window of what it reads.
    #[error("{part}: node {node:?} ({op}) reads {reads}, so that no part of the {axis} can be computed by itself")]
    Global {
        /// The graph: `output`, `init` or `step`.
        part: &'static str,
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: &'static str,
        /// What it reads, as in "all of height and width".
        reads: String,
        /// `height` or `width`.
        axis: &'static str,
    },
    /// An input whose height or width is not where it is for images.
    #[error("input {input:?}: {axis} is not the last dimension but {behind}, so that no part of it can be taken")]
    Layout {
        /// Name of the input.
        input: String,
        /// `height` or `width`.
        axis: &'static str,
        /// Number of dimensions that should be behind it.
        behind: usize,
    },
    /// A size of the whole that does not fit the network's strides.
    #[error("the {axis} is {length}, not a multiple of {alignment}, and the network joins opposite borders")]
    Alignment {
        /// `height` or `width`.
        axis: &'static str,
        /// Pixels of the whole.
        length: usize,
        /// What it must be a multiple of.
        alignment: usize,
    },
    /// Outputs that are the same size whatever the image's.
    #[error("no output is part of the {axis}")]
    Fixed {
        /// `height` or `width`.
        axis: &'static str,
    },
    /// Random numbers that do not meet where the network's borders do.
    #[error(
        "the network joins opposite borders of the {axis} but random numbers do not wrap there, so that no part across the \
         border can be computed by itself"
    )]
    Seam {
        /// `height` or `width`.
        axis: &'static str,
    },
    /// A state that reaches too far.
    #[error("after {steps} steps a pixel depends on more than {limit} pixels of the {axis}")]
    Reach {
        /// Steps asked for.
        steps: u32,
        /// `height` or `width`.
        axis: &'static str,
        /// Most pixels.
        limit: i64,
    },
    /// The graphs do not fit the size of a window.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
}
