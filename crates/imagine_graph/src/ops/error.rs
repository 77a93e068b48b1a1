//! What can be wrong with the inputs and parameters of one operator.

use crate::tensor::TensorType;

/// Why an operator cannot take its inputs or parameters.
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
        /// What is needed, in words or as a shape.
        expected: String,
        /// What is there.
        found: TensorType,
    },
    /// Two inputs that do not go together.
    #[error("inputs {left} and {right} do not go together: {reason}")]
    Inputs {
        /// One.
        left: TensorType,
        /// The other.
        right: TensorType,
        /// The rule that is broken.
        reason: String,
    },
    /// A parameter out of its range.
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
