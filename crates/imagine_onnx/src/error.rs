//! What can be wrong with an ONNX file, said by node, operator and attribute, with what to do about it.

use imagine_graph::{GraphError, GraphErrors, NodeError};

/// Everything that is wrong with one file.
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
        /// What the system says.
        error: String,
    },
    /// The bytes are not what they should be.
    #[error("not an ONNX {what}: {error}; the file is cut off, damaged or of another kind: fetch or export it again")]
    Decode {
        /// `model` or `tensor`.
        what: &'static str,
        /// What the decoder says.
        error: String,
    },
    /// The file has no graph.
    #[error("the model has no graph: export it again")]
    NoGraph,
    /// No version of ONNX's operators is named.
    #[error("the model names no opset of domain \"ai.onnx\": export it again with opset_version 7 to 27")]
    NoOpset,
    /// A version of ONNX's operators that the importer does not know.
    #[error(
        "opset {version} is not supported: export the model with opset 1 to 27, or convert it with onnx.version_converter"
    )]
    Opset {
        /// The version.
        version: i64,
    },
    /// An input without what an import needs to know.
    #[error("input {input:?}: {reason}")]
    Input {
        /// Name of the input.
        input: String,
        /// What is missing or wrong, and what to do.
        reason: String,
    },
    /// An output that nothing writes, or that is not a tensor.
    #[error("output {output:?}: {reason}")]
    Output {
        /// Name of the output.
        output: String,
        /// What is missing or wrong.
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
    /// Something that the importer does not read.
    #[error("{what} are not supported: {remedy}")]
    Unsupported {
        /// What it is.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// Two things write the same value.
    #[error("{value:?} is written twice: names of values must be unique")]
    DuplicateValue {
        /// The name.
        value: String,
    },
    /// A node that cannot become part of a graph.
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
    /// The graph that came out is not sound.
    #[error("{0}")]
    Graph(#[from] GraphError),
    /// A file of roles that cannot be read.
    #[error("{file}:{line}:{column}: {reason}")]
    Roles {
        /// Name of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Character of the line, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A role for something that the model does not have.
    #[error("a role is given for {what} {name:?}, but the model has {known:?}")]
    UnknownRole {
        /// `input` or `output`.
        what: &'static str,
        /// The name.
        name: String,
        /// Names that there are.
        known: Vec<String>,
    },
    /// A network that always makes several pictures at once.
    #[error(
        "output {output:?} has a fixed batch of {batch}: export the model with a batch of 1 or an open one (`dynamic_axes` or `dynamic_shapes` of torch.onnx.export)"
    )]
    Batch {
        /// Name of the output.
        output: String,
        /// Number of pictures.
        batch: usize,
    },
    /// A network that makes no size that a generator can be asked for.
    #[error(
        "no multiple up to {most} of pixels fits the network: give the rule for its sizes (`size` of its roles), or fix its open dimensions (`dims`)"
    )]
    NoSize {
        /// Largest multiple that was tried.
        most: usize,
    },
}

/// Why a node cannot become part of a graph.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeFault {
    /// An operator of another domain.
    #[error(
        "domain {domain:?} is not known: export the model with operators of ONNX only, or inline its functions first (onnx.inliner)"
    )]
    Domain {
        /// The domain.
        domain: String,
    },
    /// An operator that the graph does not have.
    #[error(
        "this operator is not supported: export the model without it, or simplify the model first so that constant parts are folded"
    )]
    UnknownOperator,
    /// A value that nothing before the node writes.
    #[error(
        "input {input} reads {value:?}, which no input, initializer or earlier node writes: export the model again with its weights (export_params)"
    )]
    UnknownValue {
        /// Index of the input.
        input: usize,
        /// The name.
        value: String,
    },
    /// Nodes that do not stand in the order in which they run.
    #[error(
        "input {input} reads {value:?}, which only this or a later node writes: nodes must stand in order, without a cycle"
    )]
    Order {
        /// Index of the input.
        input: usize,
        /// The name.
        value: String,
    },
    /// An attribute with a value that the importer cannot take.
    #[error("attribute {name:?} {reason}")]
    Attribute {
        /// ONNX name of the attribute.
        name: String,
        /// The rule that is broken.
        reason: String,
    },
    /// A tensor among the attributes that cannot be read.
    #[error("attribute {name:?}: {error}")]
    Tensor {
        /// ONNX name of the attribute.
        name: String,
        /// The fault.
        error: TensorError,
    },
    /// Attributes that the operator does not take.
    #[error("{reason}")]
    Attributes {
        /// What the operator says.
        reason: String,
    },
    /// An input that must be known when the model is imported.
    #[error(
        "input {name:?} depends on data, but must be known when the model is imported: give it in `Options::values`"
    )]
    Unknown {
        /// ONNX name of the input.
        name: &'static str,
    },
    /// A shape-dependent number that no dimension expresses.
    #[error(
        "{name:?} is {found} at the probe sizes {probes}, which is no constant and no fraction of batch, height or width: fix dimensions in `Options::dims`"
    )]
    Inexpressible {
        /// ONNX name of the attribute.
        name: String,
        /// The values.
        found: String,
        /// The sizes.
        probes: String,
    },
    /// A value that depends on the size and is read as data.
    #[error(
        "input {value:?} is computed from shapes, and the graph cannot compute it: fix dimensions in `Options::dims`"
    )]
    SizeData {
        /// Name of the value.
        value: String,
    },
    /// A constant that is empty or too large.
    #[error("input {value:?} has the shape {shape:?}, and a graph holds no empty tensor and at most 2^30 elements")]
    Size {
        /// Name of the value.
        value: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An integer beyond 32 bits.
    #[error("input {value:?} holds {found}, and a graph has 32-bit integers")]
    Range {
        /// Name of the value.
        value: String,
        /// The integer.
        found: i64,
    },
    /// An output that the operator of the graph does not have.
    #[error("output {output} is read, but only {expected} of its outputs are supported")]
    Outputs {
        /// Index of the output.
        output: usize,
        /// Number of outputs that there are.
        expected: usize,
    },
    /// A form of the operator that cannot be imported.
    #[error("{reason}")]
    Unsupported {
        /// What it is and what to do, in a sentence.
        reason: &'static str,
    },
    /// Parameters or inputs that the operator refuses.
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
    /// Known inputs that do not go together.
    #[error("{0}")]
    Evaluation(&'static str),
}

/// Why a tensor cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// An element type that the importer does not read.
    #[error("element type {code} is not supported: store floats, integers of 8 to 64 bits or truth values")]
    ElementType {
        /// Number in `TensorProto.DataType`.
        code: i32,
    },
    /// A negative dimension, or a shape that is too large.
    #[error("dimensions {dims:?} are out of range: export the model again")]
    Dims {
        /// The dimensions.
        dims: Vec<i64>,
    },
    /// Shape and elements disagree.
    #[error("shape {shape:?} has {expected} elements, but {found} are there: export the model again")]
    Count {
        /// The shape.
        shape: Vec<usize>,
        /// Elements of the shape.
        expected: usize,
        /// Elements that are there.
        found: usize,
    },
    /// An integer beyond 32 bits in a tensor that is wanted as data.
    #[error("holds {found}, and a graph has 32-bit integers")]
    Integer {
        /// The integer.
        found: i64,
    },
    /// Bytes that are no whole number of elements.
    #[error("{found} bytes are no whole number of elements of {size} bytes: export the model again")]
    RawLength {
        /// Number of bytes.
        found: usize,
        /// Bytes of an element.
        size: usize,
    },
    /// Elements in another file, and no folder to find it in.
    #[error("its elements are in another file: import the model with `import_file`")]
    NoFolder,
    /// A path that is not below the model's folder.
    #[error("external data {location:?} is not a file below the model's folder")]
    ExternalPath {
        /// The path.
        location: String,
    },
    /// A number that is none.
    #[error("external data: {key} {found:?} is not a number")]
    ExternalNumber {
        /// Which number.
        key: &'static str,
        /// What stands there.
        found: String,
    },
    /// A length that is not that of the tensor.
    #[error("external data: length {found}, but the tensor has {expected} bytes")]
    ExternalLength {
        /// Bytes of the tensor.
        expected: usize,
        /// Length in the file.
        found: u64,
    },
    /// A part beyond the end of the file.
    #[error(
        "external data {location:?}: {bytes} bytes at {offset}, but the file has {found}: it is cut off or of another model"
    )]
    ExternalRange {
        /// The path.
        location: String,
        /// Where the elements begin.
        offset: u64,
        /// Bytes of the tensor.
        bytes: usize,
        /// Bytes of the file.
        found: u64,
    },
    /// A file that cannot be read.
    #[error("external data {location:?}: {error}: keep this file beside the model")]
    ExternalFile {
        /// The path.
        location: String,
        /// What the system says.
        error: String,
    },
}
