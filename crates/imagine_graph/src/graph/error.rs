//! What can be wrong with a graph, said in the words of the person who made it: node, operator, input, expected, found.

use crate::ops::NodeError;

/// Everything that is wrong with one graph.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", self.0.iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n"))]
pub struct GraphErrors(pub Vec<GraphError>);

/// One fault of a graph.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A node whose operator cannot take its inputs.
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
    /// Two things write the same value.
    #[error("{value:?} is written twice: by {first} and by {second}")]
    DuplicateValue {
        /// The name.
        value: String,
        /// What wrote it first.
        first: String,
        /// What wrote it again.
        second: String,
    },
    /// Two nodes have one name.
    #[error("two nodes are named {node:?}")]
    DuplicateNode {
        /// The name.
        node: String,
    },
    /// Nodes that wait for each other.
    #[error("nodes wait for each other in a cycle: {nodes:?}")]
    Cycle {
        /// Names of the nodes of one cycle, in order.
        nodes: Vec<String>,
    },
    /// An output of the graph names a value that nothing writes.
    #[error("output {output:?} is not written by any node")]
    UnknownOutput {
        /// Name of the output.
        output: String,
    },
    /// A dimension that has no exact value at the size asked for.
    #[error("input {input:?}: dimension {dim} is not a whole number at batch {batch}, height {height}, width {width}")]
    Dim {
        /// Name of the input.
        input: String,
        /// The dimension.
        dim: String,
        /// Number of images asked for.
        batch: usize,
        /// Height asked for.
        height: usize,
        /// Width asked for.
        width: usize,
    },
    /// A name that is empty, too long or has control characters.
    #[error("bad name {name:?}: 1 to 200 printable characters are needed")]
    BadName {
        /// The name, shortened.
        name: String,
    },
    /// A weight that holds NaN.
    #[error("weight {weight:?}: element {index} is NaN")]
    NotANumber {
        /// Name of the weight.
        weight: String,
        /// Index of the first bad element.
        index: usize,
    },
    /// More of something than the limits allow.
    #[error("{what}: {found} is more than the limit of {limit}")]
    TooMany {
        /// What there is too much of.
        what: String,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A fault of one graph of a generator.
    #[error("{part}: {error}")]
    Part {
        /// The graph: `output`, `init` or `step`.
        part: &'static str,
        /// The fault.
        error: Box<GraphError>,
    },
    /// The graph does not have what its role in a generator needs.
    #[error("{reason}")]
    Role {
        /// What is missing or wrong, in a full sentence.
        reason: String,
    },
}
