//! `Slice`: part of a tensor along some axes, every `step`-th element, backwards where the step is negative.
//!
//! Starts and ends follow ONNX: negative ones count from the end, and all are clamped to the tensor.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require_param};
use super::{Case, Operator};
use crate::error::NodeError;
use crate::support::{Reach, Window};
use crate::tensor::TensorType;

/// Parameters of `Slice`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slice {
    /// First index along each axis of `axes`.
    pub starts: Vec<i64>,
    /// Index behind the last along each axis of `axes`.
    pub ends: Vec<i64>,
    /// Axes; all, in order, if empty.
    pub axes: Vec<i64>,
    /// Distance between elements along each axis; 1 if empty.
    pub steps: Vec<i64>,
}

impl Slice {
    /// Start, number of elements and step along every axis of `shape`.
    pub fn ranges(&self, shape: &[usize]) -> Result<Vec<(usize, usize, i64)>, NodeError> {
        let count = self.starts.len();
        require_param(self.ends.len() == count, "ends", format!("{count} numbers, as starts has"), &self.ends)?;
        let axes: Vec<i64> = if self.axes.is_empty() { (0..count as i64).collect() } else { self.axes.clone() };
        let steps = if self.steps.is_empty() { vec![1; count] } else { self.steps.clone() };
        require_param(axes.len() == count, "axes", format!("{count} numbers, as starts has"), &axes)?;
        require_param(steps.len() == count, "steps", format!("{count} numbers, as starts has"), &steps)?;
        require_param(!steps.contains(&0), "steps", "no step of 0", &steps)?;
        let mut ranges: Vec<_> = shape.iter().map(|&length| (0, length, 1)).collect();
        for (i, axis) in normalize_axes(&axes, shape.len(), "axes")?.into_iter().enumerate() {
            ranges[axis] = range(self.starts[i], self.ends[i], steps[i], shape[axis]);
        }
        Ok(ranges)
    }
}

/// Start, number of elements and step of one axis of `length` elements, by ONNX's clamping rule.
fn range(start: i64, end: i64, step: i64, length: usize) -> (usize, usize, i64) {
    let length = length as i64;
    let from_end = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
    let (start, span) = if step > 0 {
        let start = from_end(start).clamp(0, length);
        (start, from_end(end).clamp(0, length) - start)
    } else {
        let start = from_end(start).clamp(0, length - 1);
        (start, start - from_end(end).clamp(-1, length - 1))
    };
    let step_size = step.unsigned_abs();
    let count = if span <= 0 { 0 } else { (span as u64).div_ceil(step_size) };
    (start.max(0) as usize, count as usize, step)
}

impl Operator for Slice {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "data")?;
        let shape = self.ranges(&data.shape)?.into_iter().map(|(_, count, _)| count).collect();
        Ok(vec![output(data.dtype, shape)?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let shape = inputs[0].map(|t| t.shape.as_slice()).unwrap_or_default();
        let Ok(ranges) = self.ranges(shape) else { return vec![Reach::Everything("part of it")] };
        let axis = |from_end: usize| match shape.len().checked_sub(from_end).map(|i| ranges[i]) {
            Some((start, _, step)) if step > 0 => {
                Some(Window { stride: step as usize, repeat: 1, low: start as i64, high: start as i64 })
            }
            Some(_) => None,
            None => Some(Window { stride: 1, repeat: 1, low: 0, high: 0 }),
        };
        match (axis(2), axis(1)) {
            (Some(y), Some(x)) => vec![Reach::Window([y, x])],
            _ => vec![Reach::Everything("it backwards")],
        }
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, op: Self, shape: &[usize]| Case::new(name, op).float(shape, -1.0..1.0);
        let slice = |starts: &[i64], ends: &[i64], axes: &[i64], steps: &[i64]| Self {
            starts: starts.into(),
            ends: ends.into(),
            axes: axes.into(),
            steps: steps.into(),
        };
        vec![
            case("one element", slice(&[0], &[1], &[], &[]), &[1]),
            case("channels, batch 2", slice(&[1], &[3], &[1], &[]), &[2, 5, 97, 61]),
            case("from the end, clamped", slice(&[-3, -100], &[i64::MAX, -1], &[-1, 0], &[]), &[4, 7]),
            case("steps", slice(&[1, 0], &[9, 100], &[2, 3], &[2, 3]), &[1, 2, 9, 11]),
            case("backwards", slice(&[-1, 5], &[i64::MIN, 0], &[0, 1], &[-1, -2]), &[3, 7]),
        ]
    }
}
