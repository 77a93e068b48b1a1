//! Faults of a graph in the terms of its author: node, operator, input, expected, found.

use crate::ops::NodeError;

/// All faults of one graph.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", self.0.iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n"))]
pub struct GraphErrors(pub Vec<GraphError>);

/// One fault of a graph.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A node whose operator does not accept its inputs.
    #[error("node {node:?} ({op}): {error}")]
    Node {
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: &'static str,
        /// The fault.
        error: NodeError,
    },
    /// A node reads a value that nothing writes.
    #[error(
        "node {node:?} ({op}): input {input} reads {value:?}, which is neither an input, a weight nor a node's output"
    )]
    UnknownValue {
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: &'static str,
        /// Index of the input.
        input: usize,
        /// The missing name.
        value: String,
    },
    /// A value with more than one writer.
    #[error("{value:?} is written twice: by {first} and by {second}")]
    DuplicateValue {
        /// The name.
        value: String,
        /// The first writer.
        first: String,
        /// The second writer.
        second: String,
    },
    /// Two nodes with the same name.
    #[error("two nodes are named {node:?}")]
    DuplicateNode {
        /// The name.
        node: String,
    },
    /// Nodes that depend on each other.
    #[error("nodes depend on each other in a cycle: {nodes:?}")]
    Cycle {
        /// Names of the nodes in one cycle, in order.
        nodes: Vec<String>,
    },
    /// An output of the graph names a value that nothing writes.
    #[error("output {output:?} is not written by any node")]
    UnknownOutput {
        /// Name of the output.
        output: String,
    },
    /// A dimension that is not a whole number at the requested size.
    #[error("input {input:?}: dimension {dim} is not a whole number at batch {batch}, height {height}, width {width}")]
    Dim {
        /// Name of the input.
        input: String,
        /// The dimension.
        dim: String,
        /// Requested number of images.
        batch: usize,
        /// Requested height.
        height: usize,
        /// Requested width.
        width: usize,
    },
    /// A name that is empty, too long or contains control characters.
    #[error("bad name {name:?}: a name must have 1 to 200 printable characters")]
    BadName {
        /// The name, shortened.
        name: String,
    },
    /// A weight that contains NaN.
    #[error("weight {weight:?}: element {index} is NaN")]
    NotANumber {
        /// Name of the weight.
        weight: String,
        /// Index of the first NaN.
        index: usize,
    },
    /// A count above its limit.
    #[error("{what}: {found} is more than the limit of {limit}")]
    TooMany {
        /// What is counted.
        what: String,
        /// The count.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A fault in one graph of a generator.
    #[error("{part}: {error}")]
    Part {
        /// The graph: `output`, `init` or `step`.
        part: &'static str,
        /// The fault.
        error: Box<GraphError>,
    },
    /// A generator whose graphs, inputs, outputs or rules do not fit together.
    #[error("{reason}")]
    Invalid {
        /// The fault, as a full sentence.
        reason: String,
    },
}
