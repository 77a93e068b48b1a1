//! Faults of one operator's inputs and parameters.

use crate::tensor::TensorType;

/// Why an operator does not accept its inputs or parameters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Wrong number of inputs.
    #[error("has {found} inputs, expected {expected}")]
    InputCount {
        /// Expected number, such as `2` or `1 to 3`.
        expected: String,
        /// Number of inputs.
        found: usize,
    },
    /// Wrong number of outputs.
    #[error("has {found} outputs, expected {expected}")]
    OutputCount {
        /// Expected number.
        expected: usize,
        /// Number of outputs.
        found: usize,
    },
    /// An input of the wrong type or shape.
    #[error("input {input} ({name}) is {found}, expected {expected}")]
    Input {
        /// Index of the input.
        input: usize,
        /// ONNX name of the input, such as `W`.
        name: &'static str,
        /// The accepted inputs, in words or as a shape.
        expected: String,
        /// Type of the input.
        found: TensorType,
    },
    /// An element of a weight out of range.
    #[error("input {input} ({name}): element {index} is {found}, expected {expected}")]
    Element {
        /// Index of the input.
        input: usize,
        /// Name of the input.
        name: &'static str,
        /// Index of the first such element.
        index: usize,
        /// The range or rule.
        expected: String,
        /// The element.
        found: String,
    },
    /// Two inputs that do not fit together.
    #[error("inputs {left} and {right} do not fit together: {reason}")]
    Inputs {
        /// Type of the first.
        left: TensorType,
        /// Type of the second.
        right: TensorType,
        /// The broken rule.
        reason: String,
    },
    /// A parameter out of range.
    #[error("parameter {name:?} is {found}, expected {expected}")]
    Param {
        /// ONNX name of the attribute.
        name: &'static str,
        /// The range or rule.
        expected: String,
        /// The value.
        found: String,
    },
    /// An output that would be empty or too large.
    #[error("output shape {shape:?} is out of range: {reason}")]
    OutputShape {
        /// The shape.
        shape: Vec<usize>,
        /// The rule.
        reason: &'static str,
    },
}
