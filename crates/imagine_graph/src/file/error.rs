//! Faults of a generator file, from the outside in: file, container, document, graph, node, operator, input.

use imagine_codec::CodecError;

use super::whole::WriteError;
use crate::graph::GraphErrors;

/// Maximum length of a message's line in characters.
const MAX_LINE: usize = 500;

/// Why a file cannot be loaded. Displays one line per fault, each starting with the file's name.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadError {
    /// Name of the file without its folder, if it has one.
    pub file: Option<String>,
    /// The fault.
    pub fault: Fault,
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.file.as_ref().map(|file| format!("{}: ", file.escape_debug())).unwrap_or_default();
        for (index, line) in self.fault.to_string().lines().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            // A name may be as long as the file.
            match line.char_indices().nth(MAX_LINE) {
                Some((end, _)) => write!(f, "{separator}{file}{}...", &line[..end])?,
                None => write!(f, "{separator}{file}{line}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message contains the fault itself, so the source is the fault's.
        std::error::Error::source(&self.fault)
    }
}

/// Why a generator cannot be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The generator could not be loaded again.
    #[error("{0}")]
    Unwritable(Fault),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A fault of a generator file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file cannot be read.
    #[error("{0}")]
    Io(std::io::Error),
    /// A folder, a device or the like.
    #[error("is a folder or a device: give the name of a file")]
    NotAFile,
    /// A size or count above its limit.
    #[error("{what}: {found} is more than the limit of {limit}")]
    TooLarge {
        /// What is measured.
        what: &'static str,
        /// The size or count.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A header above the size limit.
    #[error("is damaged or not a safetensors file: its header claims {found} bytes, the limit is {limit}")]
    HeaderLength {
        /// Length according to the file.
        found: u64,
        /// Maximum length.
        limit: u64,
    },
    /// The file ends too early.
    #[error("is truncated or not a safetensors file: {what} ends at byte {expected}, the file at byte {found}")]
    Truncated {
        /// The part that does not fit into the file.
        what: &'static str,
        /// Where it would end.
        expected: u64,
        /// Where the file ends.
        found: u64,
    },
    /// A JSON text that does not parse.
    #[error("{place}: {error}")]
    Json {
        /// The JSON text.
        place: &'static str,
        /// The error, with line and column.
        error: serde_json::Error,
    },
    /// A safetensors file that is not a generator.
    #[error(
        "is a safetensors file, but not a generator: its metadata has no \"imagine.format\" ({tensors} tensors{example})"
    )]
    NotAGenerator {
        /// Number of tensors.
        tensors: usize,
        /// The first tensor's name, as `, such as "..."`, or nothing.
        example: String,
    },
    /// A format that this version cannot read.
    #[error("format {found:?} is not supported, only {supported:?}; a newer version of bevy_imagine may read it")]
    Format {
        /// The file's format.
        found: String,
        /// The supported format.
        supported: &'static str,
    },
    /// A missing metadata entry.
    #[error("metadata {key:?} is missing")]
    MissingMetadata {
        /// Its key.
        key: &'static str,
    },
    /// An unknown metadata entry.
    #[error("metadata {key:?} is not part of the format")]
    UnknownMetadata {
        /// Its key.
        key: String,
    },
    /// A header entry that does not describe a tensor.
    #[error("tensor {tensor:?}: header entry is {found}, expected {expected}")]
    TensorEntry {
        /// Name of the tensor.
        tensor: String,
        /// The expected entry.
        expected: &'static str,
        /// The entry, shortened.
        found: String,
    },
    /// An unsupported element type.
    #[error("tensor {tensor:?}: element type is {found:?}, expected F32, F16, U8, I32 or BOOL")]
    ElementType {
        /// Name of the tensor.
        tensor: String,
        /// The type.
        found: String,
    },
    /// An invalid shape.
    #[error("tensor {tensor:?}: shape {shape:?} is out of range: {reason}")]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// The shape.
        shape: Vec<usize>,
        /// The rule.
        reason: &'static str,
    },
    /// A tensor whose number of bytes does not fit its shape.
    #[error("tensor {tensor:?}: {shape:?} of {element_type} needs {expected} bytes, its offsets span {found}")]
    ByteCount {
        /// Name of the tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Its element type.
        element_type: &'static str,
        /// Number of bytes needed.
        expected: u64,
        /// Number of bytes between its offsets.
        found: u64,
    },
    /// A tensor that does not begin where the one before it ends.
    #[error(
        "tensor {tensor:?} begins at byte {found} of the data, expected {expected}: tensors must not overlap or leave gaps"
    )]
    Offsets {
        /// Name of the tensor.
        tensor: String,
        /// End of the tensor before it.
        expected: u64,
        /// Its beginning.
        found: u64,
    },
    /// Bytes after the last tensor.
    #[error("has data after the last tensor: tensors end at byte {expected}, the file at byte {found}")]
    TrailingData {
        /// Where the file should end.
        expected: u64,
        /// Where it ends.
        found: u64,
    },
    /// A tensor that belongs to no graph.
    #[error("tensor {tensor:?}: names must be \"<graph>.<weight>\", with the graphs {graphs}")]
    TensorName {
        /// Name of the tensor.
        tensor: String,
        /// The file's graphs.
        graphs: &'static str,
    },
    /// An exemplar that is no stream of bytes.
    #[error("tensor \"exemplar\" is {found}, expected U8 [bytes]")]
    ExemplarType {
        /// Its element type and shape.
        found: String,
    },
    /// An exemplar that cannot be decoded.
    #[error("tensor \"exemplar\": {0}")]
    Exemplar(#[from] CodecError),
    /// A tensor that follows from the exemplar.
    #[error("tensor {tensor:?} is computed from the tensor \"exemplar\": a file must not hold both")]
    Derived {
        /// Name of the tensor.
        tensor: String,
    },
    /// A missing or invalid scale or offset of a u8 tensor.
    #[error("tensor {tensor:?} is U8 and needs F32 {companion:?} of shape {expected}, found {found}")]
    Companion {
        /// Name of the u8 tensor.
        tensor: String,
        /// Name of its scale or offset.
        companion: String,
        /// The valid shapes.
        expected: String,
        /// The tensor found.
        found: String,
    },
    /// A boolean that is neither 0 nor 1.
    #[error("tensor {tensor:?}: element {index} is {value}, expected 0 or 1 (BOOL)")]
    TruthValue {
        /// Name of the tensor.
        tensor: String,
        /// Index of the first bad element.
        index: usize,
        /// Its byte.
        value: u8,
    },
    /// An unused tensor.
    #[error("tensor {tensor:?} is not used by any node or output")]
    UnusedTensor {
        /// Name of the tensor.
        tensor: String,
    },
    /// A file with only some parts of a recurrent generator.
    #[error(
        "a recurrent generator needs \"recurrence\" in imagine.generator and the graphs \"init\" and \"step\"; missing: {}",
        recurrence_parts(*.record, *.init, *.step)
    )]
    Recurrence {
        /// Whether it has steps and a step rate.
        record: bool,
        /// Whether it has an `init` graph.
        init: bool,
        /// Whether it has a `step` graph.
        step: bool,
    },
    /// A malformed part of a graph.
    #[error("{graph}: {what}: {error}")]
    Record {
        /// The graph: `output`, `init` or `step`.
        graph: &'static str,
        /// The part, such as `input 2`.
        what: String,
        /// The error.
        error: serde_json::Error,
    },
    /// An unknown operator.
    #[error("{graph}: node {node:?}: unknown operator {op:?}")]
    UnknownOperator {
        /// The graph: `output`, `init` or `step`.
        graph: &'static str,
        /// Name of the node.
        node: String,
        /// Name of the operator.
        op: String,
    },
    /// An unknown attribute, or an invalid value.
    #[error("{graph}: node {node:?} ({op}): attributes: {error}")]
    Attributes {
        /// The graph: `output`, `init` or `step`.
        graph: &'static str,
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: &'static str,
        /// The error.
        error: String,
    },
    /// Invalid graphs, with every fault of all graphs.
    #[error("{0}")]
    Invalid(GraphErrors),
}

fn recurrence_parts(record: bool, init: bool, step: bool) -> String {
    let parts = [("\"recurrence\"", record), ("\"init\"", init), ("\"step\"", step)];
    let missing: Vec<_> = parts.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    missing.join(", ")
}
