//! The faults of an ONNX file: each names node, operator and attribute, and says what to do.

use imagine_graph::{GraphError, GraphErrors, MAX_ELEMENTS, NodeError};

/// All faults of one file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", self.0.iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n"))]
pub struct ImportError(pub Vec<Fault>);

impl From<GraphErrors> for ImportError {
    fn from(errors: GraphErrors) -> Self {
        Self(errors.0.into_iter().map(Fault::Graph).collect())
    }
}

impl From<Fault> for ImportError {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// Path of the file.
        path: String,
        /// The system's message.
        error: String,
    },
    /// The bytes cannot be decoded.
    #[error("not an ONNX {what}: {error}; the file is truncated, damaged or not ONNX: fetch or export it again")]
    Decode {
        /// `model` or `tensor`.
        what: &'static str,
        /// The decoder's message.
        error: String,
    },
    /// The file has no graph.
    #[error("the model has no graph: export it again")]
    NoGraph,
    /// The file names no version of ONNX's operators.
    #[error("the model names no opset of domain \"ai.onnx\": export it again with opset_version 7 to 27")]
    NoOpset,
    /// An unsupported version of ONNX's operators.
    #[error(
        "opset {version} is not supported: export the model with opset 1 to 27, or convert it with onnx.version_converter"
    )]
    Opset {
        /// The version.
        version: i64,
    },
    /// An input that cannot be imported.
    #[error("input {input:?}: {reason}")]
    Input {
        /// Name of the input.
        input: String,
        /// The problem and what to do.
        reason: String,
    },
    /// An output that no node writes, or that is not a tensor.
    #[error("output {output:?}: {reason}")]
    Output {
        /// Name of the output.
        output: String,
        /// The problem.
        reason: String,
    },
    /// A weight that cannot be read.
    #[error("initializer {name:?}: {error}")]
    Initializer {
        /// Name of the weight.
        name: String,
        /// The fault.
        error: TensorError,
    },
    /// A tensor file that cannot be read.
    #[error("tensor {name:?}: {error}")]
    Tensor {
        /// Name of the tensor.
        name: String,
        /// The fault.
        error: TensorError,
    },
    /// An unsupported part of the format.
    #[error("{what} are not supported: {remedy}")]
    Unsupported {
        /// The part.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A value that is written twice.
    #[error("{value:?} is written twice: names of values must be unique")]
    DuplicateValue {
        /// The name.
        value: String,
    },
    /// A node that cannot be imported.
    #[error("node {node:?} ({op}, opset {opset}): {error}")]
    Node {
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: String,
        /// Version of ONNX's operators.
        opset: i64,
        /// The fault.
        error: NodeFault,
    },
    /// The imported graph is not valid.
    #[error("{0}")]
    Graph(#[from] GraphError),
    /// A roles file that cannot be read.
    #[error("{file}:{line}:{column}: {reason}")]
    Roles {
        /// Name of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Character of the line, from 1.
        column: usize,
        /// The problem.
        reason: String,
    },
    /// A role for an unknown input or output.
    #[error("the roles name {what} {name:?}, but the model has {known:?}")]
    UnknownRole {
        /// `input` or `output`.
        what: &'static str,
        /// The name.
        name: String,
        /// The model's names.
        known: Vec<String>,
    },
    /// A network with a fixed batch above 1.
    #[error(
        "output {output:?} has a fixed batch of {batch}: export the model with a batch of 1 or an open one (`dynamic_axes` or `dynamic_shapes` of torch.onnx.export)"
    )]
    Batch {
        /// Name of the output.
        output: String,
        /// Number of images.
        batch: usize,
    },
    /// An output whose size is not a fixed fraction of the input's.
    #[error("output {output:?} {reason}")]
    OddSize {
        /// Name of the output.
        output: String,
        /// The sizes and what to do.
        reason: String,
    },
    /// A network without a regular rule for its sizes.
    #[error(
        "the network accepts no multiple of up to {most} pixels: give its size rule (`size` of the roles), or fix its size in `dims` (--dim x/2=256 --dim x/3=256)"
    )]
    NoSize {
        /// Largest multiple that was tried.
        most: usize,
    },
}

impl Fault {
    /// Whether a value would have too many elements.
    pub(crate) fn is_too_large(&self) -> bool {
        let above = |shape: &[usize]| shape.iter().fold(1usize, |n, &d| n.saturating_mul(d)) > MAX_ELEMENTS;
        match self {
            Self::Node { error: NodeFault::Size { shape, .. }, .. }
            | Self::Node { error: NodeFault::Shape { error: NodeError::OutputShape { shape, .. }, .. }, .. }
            | Self::Graph(GraphError::Node { error: NodeError::OutputShape { shape, .. }, .. }) => above(shape),
            _ => false,
        }
    }
}

/// Why a node cannot be imported.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeFault {
    /// An operator of another domain.
    #[error(
        "domain {domain:?} is not supported, and the model has no such function: export the model with ONNX's own operators only"
    )]
    Domain {
        /// The domain.
        domain: String,
    },
    /// An operator that graphs do not have.
    #[error(
        "this operator is not supported: export the model without it, or fold its constants first (onnx-simplifier)"
    )]
    UnknownOperator,
    /// A value that no node writes.
    #[error(
        "input {input} reads {value:?}, which no input, initializer or node writes: export the model again with its weights (export_params)"
    )]
    UnknownValue {
        /// Index of the input.
        input: usize,
        /// The name.
        value: String,
    },
    /// A value that depends on itself.
    #[error("input {input} reads {value:?}, which is computed from this node's output: the nodes form a cycle")]
    Cycle {
        /// Index of the input.
        input: usize,
        /// The name.
        value: String,
    },
    /// An invalid attribute.
    #[error("attribute {name:?} {reason}")]
    Attribute {
        /// ONNX name of the attribute.
        name: String,
        /// The broken rule.
        reason: String,
    },
    /// A tensor attribute that cannot be read.
    #[error("attribute {name:?}: {error}")]
    Tensor {
        /// ONNX name of the attribute.
        name: String,
        /// The fault.
        error: TensorError,
    },
    /// Attributes that the operator refuses.
    #[error("{reason}")]
    Attributes {
        /// The operator's message.
        reason: String,
    },
    /// An input that must be known at import time.
    #[error(
        "input {name:?} depends on run-time data, but must be known at import time: give the value of the model's input that it comes from in `values` (--value NAME=1,2)"
    )]
    Unknown {
        /// ONNX name of the input.
        name: &'static str,
    },
    /// A size-dependent number that no dimension expresses.
    #[error(
        "{name:?} is {found} at the probe sizes {probes}, which is neither constant nor a fixed fraction of batch, height or width: fix the size in `dims` (--dim x/2=256 --dim x/3=256)"
    )]
    Inexpressible {
        /// ONNX name of the attribute.
        name: String,
        /// The values.
        found: String,
        /// The sizes.
        probes: String,
    },
    /// A size-dependent value that the graph cannot compute.
    #[error(
        "input {value:?} is computed from shapes, and the graph cannot compute it: fix the size in `dims` (--dim x/2=256 --dim x/3=256)"
    )]
    SizeData {
        /// Name of the value.
        value: String,
    },
    /// A tensor that is empty or too large.
    #[error("input {value:?} has shape {shape:?}, but tensors of a graph have 1 to 2^30 elements")]
    Size {
        /// Name of the value.
        value: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An integer beyond 32 bits.
    #[error("input {value:?} holds {found}, but integers of a graph have 32 bits")]
    Range {
        /// Name of the value.
        value: String,
        /// The integer.
        found: i64,
    },
    /// An output that the graph's operator does not have.
    #[error("output {output} is read, but only the first {expected} are supported")]
    Outputs {
        /// Index of the output.
        output: usize,
        /// Number of supported outputs.
        expected: usize,
    },
    /// An unsupported use of the operator.
    #[error("{reason}")]
    Unsupported {
        /// The problem and what to do.
        reason: &'static str,
    },
    /// Attributes or inputs that break the shape rule.
    #[error("at batch {batch}, height {height}, width {width}: {error}")]
    Shape {
        /// The fault.
        error: NodeError,
        /// Number of images at the probe.
        batch: usize,
        /// Height at the probe.
        height: usize,
        /// Width at the probe.
        width: usize,
    },
    /// Known inputs that the operator refuses.
    #[error("{0}")]
    Evaluation(&'static str),
}

/// Why a tensor cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// An unsupported element type.
    #[error("element type {code} is not supported: store floats, integers of 8 to 64 bits or truth values")]
    ElementType {
        /// Code in `TensorProto.DataType`.
        code: i32,
    },
    /// A negative dimension, or a shape that is too large.
    #[error("dimensions {dims:?} are out of range: export the model again")]
    Dims {
        /// The dimensions.
        dims: Vec<i64>,
    },
    /// Shape and elements disagree.
    #[error("shape {shape:?} has {expected} elements, but the tensor has {found}: export the model again")]
    Count {
        /// The shape.
        shape: Vec<usize>,
        /// Elements of the shape.
        expected: usize,
        /// Elements of the tensor.
        found: usize,
    },
    /// An integer beyond 32 bits.
    #[error("holds {found}, but integers of a graph have 32 bits")]
    Integer {
        /// The integer.
        found: i64,
    },
    /// A partial last element.
    #[error("{found} bytes are not a multiple of the element size, {size} bytes: export the model again")]
    RawLength {
        /// Number of bytes.
        found: usize,
        /// Bytes of an element.
        size: usize,
    },
    /// External data without a folder to find it in.
    #[error("it has external data: import the model with `import_file`")]
    NoFolder,
    /// An external data file outside the model's folder.
    #[error("external data {location:?} is not a file below the model's folder")]
    ExternalPath {
        /// The path.
        location: String,
    },
    /// A malformed number.
    #[error("external data: {key} {found:?} is not a number")]
    ExternalNumber {
        /// Its key.
        key: &'static str,
        /// The text.
        found: String,
    },
    /// A length that differs from the tensor's.
    #[error("external data: length {found}, but the tensor has {expected} bytes")]
    ExternalLength {
        /// Bytes of the tensor.
        expected: usize,
        /// Length in the file.
        found: u64,
    },
    /// A range beyond the end of the file.
    #[error(
        "external data {location:?}: {bytes} bytes at {offset}, but the file has {found}: it is truncated or belongs to another model"
    )]
    ExternalRange {
        /// The path.
        location: String,
        /// First byte.
        offset: u64,
        /// Bytes of the tensor.
        bytes: usize,
        /// Bytes of the file.
        found: u64,
    },
    /// An external data file that cannot be read.
    #[error("external data {location:?}: {error}: keep this file beside the model")]
    ExternalFile {
        /// The path.
        location: String,
        /// The system's message.
        error: String,
    },
}
