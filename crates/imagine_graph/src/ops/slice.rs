//! `Slice` and `Split`: parts of a tensor.
//!
//! `Slice` takes every `step`-th element along some axes, backwards if the step is negative. Starts and ends follow ONNX:
//! negative indices count from the end, and all are clamped to the tensor. `Split` cuts a tensor along one axis into
//! consecutive parts.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require_param};
use super::{Case, NodeError, Operator, Reach, Window};
use crate::tensor::{Axis, PerAxis, TensorType};

/// Maximum number of parts of a `Split`.
const MAX_PARTS: usize = 1024;

/// Parameters of `Slice`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slice {
    /// First index along each axis of `axes`.
    pub starts: Vec<i64>,
    /// Exclusive end along each axis of `axes`.
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
        require_param(self.ends.len() == count, "ends", format!("{count} numbers, as starts"), &self.ends)?;
        let axes: Vec<i64> = if self.axes.is_empty() { (0..count as i64).collect() } else { self.axes.clone() };
        let steps = if self.steps.is_empty() { vec![1; count] } else { self.steps.clone() };
        require_param(axes.len() == count, "axes", format!("{count} numbers, as starts"), &axes)?;
        require_param(steps.len() == count, "steps", format!("{count} numbers, as starts"), &steps)?;
        require_param(!steps.contains(&0), "steps", "steps other than 0", &steps)?;
        let mut ranges: Vec<_> = shape.iter().map(|&length| (0, length, 1)).collect();
        for (i, axis) in normalize_axes(&axes, shape.len(), "axes")?.into_iter().enumerate() {
            ranges[axis] = range(self.starts[i], self.ends[i], steps[i], shape[axis]);
        }
        Ok(ranges)
    }
}

/// Parameters of `Split`; either `split` or `num_outputs`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Split {
    /// Axis to cut.
    pub axis: i64,
    /// Length of each part.
    pub split: Vec<usize>,
    /// Number of parts of equal length; the last may be shorter.
    pub num_outputs: usize,
}

impl Split {
    /// The axis, and the first index and length of each part along it.
    pub fn parts(&self, shape: &[usize]) -> Result<(usize, Vec<(usize, usize)>), NodeError> {
        let axis = normalize_axes(&[self.axis], shape.len(), "axis")?[0];
        let length = shape[axis];
        let lengths = if self.split.is_empty() {
            let count = self.num_outputs;
            let part = length.div_ceil(count.max(1));
            let fits = (1..=MAX_PARTS).contains(&count) && part * (count - 1) < length;
            require_param(fits, "num_outputs", format!("at most as many parts as fill {length} elements"), count)?;
            (0..count).map(|index| part.min(length - index * part)).collect()
        } else {
            require_param(self.num_outputs == 0, "num_outputs", "none beside split", self.num_outputs)?;
            let sum = self.split.iter().fold(0usize, |sum, part| sum.saturating_add(*part));
            let fits = sum == length && !self.split.contains(&0) && self.split.len() <= MAX_PARTS;
            require_param(fits, "split", format!("positive lengths that sum to {length}"), &self.split)?;
            self.split.clone()
        };
        let firsts = lengths.iter().scan(0, |next, length| Some(std::mem::replace(next, *next + length)));
        Ok((axis, firsts.zip(lengths.iter().copied()).collect()))
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
        let window = |axis: Axis| match axis.index(shape.len()).map(|index| ranges[index]) {
            Some((start, _, step)) if step > 0 => {
                Some(Window { stride: step as usize, repeat: 1, low: start as i64, high: start as i64 })
            }
            Some(_) => None,
            None => Some(Window::POINT),
        };
        match PerAxis::from_fn(window).both() {
            Some(windows) => vec![Reach::Window(windows)],
            None => vec![Reach::Everything("it backwards")],
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

impl Operator for Split {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let input = inputs.required(0, "input")?;
        let (axis, parts) = self.parts(&input.shape)?;
        let part = |(_, length): (usize, usize)| {
            let mut shape = input.shape.clone();
            shape[axis] = length;
            output(input.dtype, shape)
        };
        parts.into_iter().map(part).collect()
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let shape = inputs[0].map(|t| t.shape.as_slice()).unwrap_or_default();
        let keeps_image = self.parts(shape).is_ok_and(|(axis, _)| axis + 2 < shape.len());
        vec![if keeps_image { Reach::Pointwise } else { Reach::Everything("part of height or width") }]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, axis, split: &[usize], num_outputs, shape: &[usize]| {
            Case::new(name, Self { axis, split: split.into(), num_outputs }).float(shape, -1.0..1.0)
        };
        vec![
            case("one part", 0, &[], 1, &[3]),
            case("equal parts, batch 2", 1, &[], 3, &[2, 6, 9, 7]),
            case("a shorter last part", -1, &[], 4, &[2, 7]),
            case("lengths, 97x61", 1, &[1, 3], 0, &[1, 4, 97, 61]),
            case("rows", 2, &[2, 1, 2], 0, &[1, 2, 5, 3]),
        ]
    }
}
