//! What can be wrong with a generator file, from the outside in: file, container, document, graph, node, operator, input.

use crate::graph::GraphErrors;

/// Longest line of a message, in characters.
const MAX_LINE: usize = 500;

/// Why a file cannot be loaded. Prints one line a fault, each with the file's name in front.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadError {
    /// Name of the file without its folder, where it has one.
    pub file: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.file.as_ref().map(|file| format!("{}: ", file.escape_debug())).unwrap_or_default();
        for (index, line) in self.fault.to_string().lines().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            // Names in a file may be as long as the file.
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
        // The fault itself is part of the message; only what lies below it is a source.
        std::error::Error::source(&self.fault)
    }
}

/// Why a generator cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The generator is not one that could be loaded again.
    #[error("{0}")]
    Unwritable(Fault),
    /// The file cannot be written.
    #[error("{file}: {source}")]
    Io {
        /// Path of the file.
        file: String,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// One thing that is wrong with a generator file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The operating system cannot read it.
    #[error("{0}")]
    Io(std::io::Error),
    /// A folder, a device or the like.
    #[error("is not an ordinary file")]
    NotAFile,
    /// More of something than the limits allow.
    #[error("{what}: {found} is more than the limit of {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
    /// A header that is too long to be one.
    #[error("is damaged or no safetensors file: its header would be {found} bytes long, at most {limit} are read")]
    HeaderLength {
        /// Length that the file announces.
        found: u64,
        /// Longest header that is read.
        limit: u64,
    },
    /// The file ends before what it announces.
    #[error("is cut off, or no safetensors file: {what} ends at byte {expected}, the file at byte {found}")]
    Truncated {
        /// What does not fit into the file.
        what: &'static str,
        /// Where it would end.
        expected: u64,
        /// Where the file ends.
        found: u64,
    },
    /// A JSON text that does not parse.
    #[error("{place}: {error}")]
    Json {
        /// Which JSON text.
        place: &'static str,
        /// What is wrong, with line and column.
        error: serde_json::Error,
    },
    /// A safetensors file of something else.
    #[error(
        "is a safetensors file but no generator: its metadata has no \"imagine.format\" (it holds {tensors} tensors{example})"
    )]
    NotAGenerator {
        /// Number of tensors.
        tensors: usize,
        /// The first tensor's name, as `, such as "..."`, or nothing.
        example: String,
    },
    /// A format that this version cannot read.
    #[error("format {found:?} is not supported, only {supported:?}: a newer version of imagine may read it")]
    Format {
        /// The file's format.
        found: String,
        /// What is supported.
        supported: &'static str,
    },
    /// A metadata entry that is missing.
    #[error("metadata {key:?} is missing")]
    MissingMetadata {
        /// Its key.
        key: &'static str,
    },
    /// A metadata entry that nobody knows.
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
        /// What is needed.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
    },
    /// An element type that weights cannot have.
    #[error("tensor {tensor:?}: element type is {found:?}, expected F32, F16, U8, I32 or BOOL")]
    ElementType {
        /// Name of the tensor.
        tensor: String,
        /// The type.
        found: String,
    },
    /// A shape that tensors cannot have.
    #[error("tensor {tensor:?}: shape {shape:?} is out of range: {reason}")]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// The shape.
        shape: Vec<usize>,
        /// The rule.
        reason: &'static str,
    },
    /// A tensor whose bytes are more or fewer than its shape needs.
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
        "tensor {tensor:?}: begins at byte {found} of the data, expected {expected}: tensors follow each other without gap or overlap"
    )]
    Offsets {
        /// Name of the tensor.
        tensor: String,
        /// End of the tensor before it.
        expected: u64,
        /// Its begin.
        found: u64,
    },
    /// Bytes after the last tensor.
    #[error("data after the last tensor: tensors end at byte {expected} of the file, the file at byte {found}")]
    TrailingData {
        /// Where the file should end.
        expected: u64,
        /// Where it ends.
        found: u64,
    },
    /// A tensor that belongs to no graph.
    #[error("tensor {tensor:?}: names are \"<graph>.<weight>\", and this file's graphs are {graphs}")]
    TensorName {
        /// Name of the tensor.
        tensor: String,
        /// The file's graphs.
        graphs: &'static str,
    },
    /// The scale or offset of a u8 tensor is missing or has the wrong form.
    #[error("tensor {tensor:?} is U8 and needs F32 {companion:?} of shape {expected}, found {found}")]
    Companion {
        /// Name of the u8 tensor.
        tensor: String,
        /// Name of its scale or offset.
        companion: String,
        /// Shapes that would do.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A truth value that is neither 0 nor 1.
    #[error("tensor {tensor:?}: element {index} is {value}, expected 0 or 1 (BOOL)")]
    TruthValue {
        /// Name of the tensor.
        tensor: String,
        /// Index of the first bad element.
        index: usize,
        /// Its byte.
        value: u8,
    },
    /// A tensor that no node reads.
    #[error("tensor {tensor:?} is used by no node and no output")]
    UnusedTensor {
        /// Name of the tensor.
        tensor: String,
    },
    /// A file that is half recurrent.
    #[error(
        "a recurrent generator has \"recurrence\" in imagine.generator and the graphs \"init\" and \"step\"; missing here: {}",
        recurrence_parts(*.record, *.init, *.step)
    )]
    Recurrence {
        /// Whether there are steps and a step rate.
        record: bool,
        /// Whether there is an `init` graph.
        init: bool,
        /// Whether there is a `step` graph.
        step: bool,
    },
    /// A part of a graph that does not have the form it should have.
    #[error("{graph}: {what}: {error}")]
    Record {
        /// The graph: `output`, `init` or `step`.
        graph: &'static str,
        /// The part, such as `input 2`.
        what: String,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// An operator that does not exist.
    #[error("{graph}: node {node:?}: unknown operator {op:?}")]
    UnknownOperator {
        /// The graph: `output`, `init` or `step`.
        graph: &'static str,
        /// Name of the node.
        node: String,
        /// Name of the operator.
        op: String,
    },
    /// An attribute that its operator does not have, or not with such a value.
    #[error("{graph}: node {node:?} ({op}): attributes: {error}")]
    Attributes {
        /// The graph: `output`, `init` or `step`.
        graph: &'static str,
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: &'static str,
        /// What is wrong.
        error: String,
    },
    /// Graphs that are not valid; every fault of all graphs.
    #[error("{0}")]
    Invalid(GraphErrors),
}

fn recurrence_parts(record: bool, init: bool, step: bool) -> String {
    let parts = [("\"recurrence\"", record), ("\"init\"", init), ("\"step\"", step)];
    let missing: Vec<_> = parts.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    missing.join(", ")
}
