//! Checks shared by the shape rules of all operators.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::NodeError;
use crate::tensor::{DType, MAX_ELEMENTS, MAX_RANK, Size, TensorType, elements};

/// Types of one node's inputs during shape inference, and the size that the graph is bound to.
pub struct Inputs<'a> {
    /// Type of each input; `None` for an omitted optional input.
    pub types: &'a [Option<&'a TensorType>],
    /// The size that symbolic dimensions of parameters are bound to.
    pub size: Size,
}

impl<'a> Inputs<'a> {
    /// Fails unless the number of inputs is in `expected`.
    pub fn count(&self, expected: RangeInclusive<usize>) -> Result<(), NodeError> {
        let found = self.types.len();
        if expected.contains(&found) {
            return Ok(());
        }
        let (low, high) = (*expected.start(), *expected.end());
        let expected = if low == high { low.to_string() } else { format!("{low} to {high}") };
        Err(NodeError::InputCount { expected, found })
    }

    /// Input `input`, called `name` in ONNX; fails if it is missing.
    pub fn required(&self, input: usize, name: &'static str) -> Result<&'a TensorType, NodeError> {
        self.types.get(input).copied().flatten().ok_or_else(|| NodeError::InputCount {
            expected: format!("input {input} ({name})"),
            found: self.types.len(),
        })
    }

    /// Input `input`, if present.
    pub fn optional(&self, input: usize) -> Option<&'a TensorType> {
        self.types.get(input).copied().flatten()
    }

    /// Input `input`; fails unless it has floats.
    pub fn float(&self, input: usize, name: &'static str) -> Result<&'a TensorType, NodeError> {
        let found = self.required(input, name)?;
        require(found.dtype == DType::F32, input, name, "floats", found)?;
        Ok(found)
    }

    /// Input `input`; fails unless it has floats or integers.
    pub fn number(&self, input: usize, name: &'static str) -> Result<&'a TensorType, NodeError> {
        let found = self.required(input, name)?;
        require(found.dtype != DType::Bool, input, name, "floats or integers", found)?;
        Ok(found)
    }

    /// Shape of input `input`; fails unless it is floats `[batch, channels, height, width]`.
    pub fn image(&self, input: usize, name: &'static str) -> Result<[usize; 4], NodeError> {
        let found = self.float(input, name)?;
        <[usize; 4]>::try_from(found.shape.as_slice()).map_err(|_| NodeError::Input {
            input,
            name,
            expected: "rank 4: [batch, channels, height, width]".into(),
            found: found.clone(),
        })
    }
}

/// Fails with an error about input `input` unless `condition` holds.
pub(crate) fn require(
    condition: bool,
    input: usize,
    name: &'static str,
    expected: impl Into<String>,
    found: &TensorType,
) -> Result<(), NodeError> {
    if condition {
        return Ok(());
    }
    Err(NodeError::Input { input, name, expected: expected.into(), found: found.clone() })
}

/// Fails with an error about parameter `name` unless `condition` holds.
pub(crate) fn require_param(
    condition: bool,
    name: &'static str,
    expected: impl Into<String>,
    found: impl std::fmt::Debug,
) -> Result<(), NodeError> {
    if condition {
        return Ok(());
    }
    Err(NodeError::Param { name, expected: expected.into(), found: format!("{found:?}") })
}

/// The type of an output; fails on an empty dimension, or a rank or size above the limits.
pub(crate) fn output(dtype: DType, shape: Vec<usize>) -> Result<TensorType, NodeError> {
    let reason = if shape.len() > MAX_RANK {
        "more than 8 dimensions"
    } else if shape.contains(&0) {
        "an empty dimension"
    } else if elements(&shape) > MAX_ELEMENTS {
        "more than 2^30 elements"
    } else {
        return Ok(TensorType { dtype, shape });
    };
    Err(NodeError::OutputShape { shape, reason })
}

/// The shape that `left` and `right` broadcast to under ONNX's (NumPy's) rule.
pub(crate) fn broadcast(left: &TensorType, right: &TensorType) -> Result<Vec<usize>, NodeError> {
    let rank = left.shape.len().max(right.shape.len());
    let dim = |t: &TensorType, axis: usize| {
        let missing = rank - t.shape.len();
        if axis < missing { 1 } else { t.shape[axis - missing] }
    };
    (0..rank)
        .map(|axis| match (dim(left, axis), dim(right, axis)) {
            (a, b) if a == b => Ok(a),
            (1, b) => Ok(b),
            (a, 1) => Ok(a),
            (a, b) => Err(NodeError::Inputs {
                left: left.clone(),
                right: right.clone(),
                reason: format!("{a} and {b} do not broadcast"),
            }),
        })
        .collect()
}

/// Parameters as a JSON object, without defaults.
pub(crate) fn attributes<P: Serialize + Default>(params: &P) -> serde_json::Map<String, serde_json::Value> {
    let object = |p: &P| match serde_json::to_value(p) {
        Ok(serde_json::Value::Object(map)) => map,
        other => unreachable!("parameters are a JSON object: {other:?}"),
    };
    let defaults = object(&P::default());
    let mut attributes = object(params);
    attributes.retain(|name, value| defaults.get(name) != Some(value));
    attributes
}

/// Axes counted from the front; negative axes count from the end. Fails on an axis out of range or a duplicate.
pub(crate) fn normalize_axes(axes: &[i64], rank: usize, name: &'static str) -> Result<Vec<usize>, NodeError> {
    let rank = rank as i64;
    let mut found = Vec::with_capacity(axes.len());
    for &axis in axes {
        let index = if axis < 0 { axis.saturating_add(rank) } else { axis };
        let fresh = (0..rank).contains(&index) && !found.contains(&(index as usize));
        require_param(fresh, name, format!("different axes of {}..{}", -rank, rank), axes)?;
        found.push(index as usize);
    }
    Ok(found)
}

/// Strides of a row-major tensor.
pub(crate) fn strides(shape: &[usize]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as i64;
    }
    strides
}
