//! `Gather`, `GatherElements` and `GatherND`: elements selected by indices.
//!
//! | operator | Y |
//! |---|---|
//! | `Gather` | `Y[a.., i.., b..] = data[a.., indices[i..], b..]`, a the axes before `axis`, b those after it |
//! | `GatherElements` | `Y[i..] = data[i.. with the index at axis replaced by indices[i..]]`, with the shape of indices |
//! | `GatherND` | `Y[a.., i.., b..] = data[a.., indices[a.., i.., 0], indices[a.., i.., 1], .., b..]`, a the `batch_dims` first axes |
//!
//! Indices are i32. A negative index counts from the end. An index out of range is clamped, where ONNX requires an error.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require, require_param, strides};
use super::{Case, NodeError, Operator, Reach, Window};
use crate::tensor::{DType, PerAxis, Tensor, TensorData, TensorType};

/// Parameters of `Gather`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gather {
    /// The axis that indices select along.
    pub axis: i64,
}

/// Parameters of `GatherElements`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatherElements {
    /// The axis that indices select along.
    pub axis: i64,
}

/// Parameters of `GatherND`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatherND {
    /// Number of leading axes that data and indices share.
    pub batch_dims: usize,
}

/// The common form of the three operators. Output element `o..` is `data[sum of o * data strides + sum of the picks]`, where
/// pick `p` is the index at `indices[sum of o * index strides + p]`, made positive and clamped, times its stride.
#[derive(Clone, Debug, PartialEq)]
pub struct GatherLayout {
    /// Shape of the output.
    pub shape: Vec<usize>,
    /// Stride in the data of every output axis; 0 if indices replace it.
    pub data_strides: Vec<i64>,
    /// Stride in the indices of every output axis; 0 if they do not have it.
    pub index_strides: Vec<i64>,
    /// The axes of the data that indices select along.
    pub picks: Vec<PickedAxis>,
}

/// An axis of the data that indices select along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PickedAxis {
    /// Its length.
    pub length: usize,
    /// Its stride.
    pub stride: usize,
}

impl GatherLayout {
    fn new(data: &[usize]) -> Self {
        Self { shape: data.into(), data_strides: strides(data), index_strides: vec![0; data.len()], picks: Vec::new() }
    }

    fn infer(self, dtype: DType) -> Result<Vec<TensorType>, NodeError> {
        Ok(vec![output(dtype, self.shape)?])
    }

    /// Whether the last two axes of the output are the data's last two, in place.
    fn keeps_image(&self, data: &[usize]) -> bool {
        let (rank, strides) = (self.shape.len(), strides(data));
        rank >= 2 && data.len() >= 2 && self.data_strides[rank - 2..] == strides[data.len() - 2..]
    }
}

impl Gather {
    /// The source of each output element.
    pub fn layout(&self, data: &[usize], indices: &[usize]) -> Result<GatherLayout, NodeError> {
        let axis = normalize_axes(&[self.axis], data.len(), "axis")?[0];
        let mut layout = GatherLayout::new(data);
        layout.picks.push(PickedAxis { length: data[axis], stride: layout.data_strides[axis] as usize });
        layout.shape.splice(axis..=axis, indices.iter().copied());
        layout.data_strides.splice(axis..=axis, vec![0; indices.len()]);
        layout.index_strides.splice(axis..=axis, strides(indices));
        Ok(layout)
    }
}

impl GatherElements {
    /// The source of each output element.
    pub fn layout(&self, data: &[usize], indices: &[usize]) -> Result<GatherLayout, NodeError> {
        let axis = normalize_axes(&[self.axis], data.len(), "axis")?[0];
        let mut layout = GatherLayout::new(data);
        layout.picks.push(PickedAxis { length: data[axis], stride: layout.data_strides[axis] as usize });
        layout.data_strides[axis] = 0;
        layout.index_strides = strides(indices);
        layout.shape = indices.into();
        Ok(layout)
    }
}

impl GatherND {
    /// The source of each output element.
    pub fn layout(&self, data: &[usize], indices: &[usize]) -> Result<GatherLayout, NodeError> {
        let batch = self.batch_dims;
        let limit = data.len().min(indices.len());
        require_param(batch < limit, "batch_dims", format!("less than {limit}, the lower rank"), batch)?;
        let (tuples, picked) = (&indices[..indices.len() - 1], indices[indices.len() - 1]);
        let rest = (batch + picked).min(data.len());
        let mut layout = GatherLayout::new(data);
        layout.picks = (batch..rest)
            .map(|axis| PickedAxis { length: data[axis], stride: layout.data_strides[axis] as usize })
            .collect();
        let index_strides = strides(indices);
        let own = tuples.len() - batch;
        layout.shape.splice(batch..rest, tuples[batch..].iter().copied());
        layout.data_strides.splice(batch..rest, vec![0; own]);
        layout.index_strides.splice(batch..rest, index_strides[batch..tuples.len()].iter().copied());
        layout.index_strides[..batch].copy_from_slice(&index_strides[..batch]);
        Ok(layout)
    }
}

/// Checks data and indices of all three operators.
fn operands<'a>(inputs: &Inputs<'a>) -> Result<[&'a TensorType; 2], NodeError> {
    inputs.count(2..=2)?;
    let (data, indices) = (inputs.required(0, "data")?, inputs.required(1, "indices")?);
    require(!data.shape.is_empty(), 0, "data", "rank 1 or more", data)?;
    require(indices.dtype == DType::I32, 1, "indices", "integers", indices)?;
    Ok([data, indices])
}

fn reach(
    inputs: &[Option<&TensorType>],
    layout: impl Fn(&[usize], &[usize]) -> Result<GatherLayout, NodeError>,
) -> Reach {
    let (Some(data), Some(indices)) = (inputs[0], inputs[1]) else { return Reach::Everything("height and width") };
    match layout(&data.shape, &indices.shape) {
        Ok(layout) if layout.keeps_image(&data.shape) => Reach::Window(PerAxis::splat(Window::POINT)),
        _ => Reach::Everything("height and width, at positions from its indices"),
    }
}

impl Operator for Gather {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let [data, indices] = operands(inputs)?;
        self.layout(&data.shape, &indices.shape)?.infer(data.dtype)
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let data = reach(inputs, |data, indices| self.layout(data, indices));
        vec![data, Reach::Everything("its indices")]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, axis, data: &[usize], indices: &[usize], range| {
            Case::new(name, Self { axis }).float(data, -1.0..1.0).int(indices, range)
        };
        vec![
            case("one of one", 0, &[1], &[1], 0..1),
            case("scalar index", 0, &[5, 3], &[], 0..5),
            case("channels 97x61", 1, &[1, 4, 97, 61], &[3], 0..4),
            case("last axis, negative indices", -1, &[2, 3, 5], &[2, 4], -5..5),
            case("clamped", 1, &[2, 4, 3], &[9], -20..20),
            case("rows, batch 2", 2, &[2, 3, 5, 4], &[7], 0..5),
            case("rank 8", 1, &[2, 4, 1, 2, 1, 3], &[2, 1, 3], 0..4),
            Case::new("integers", Self { axis: 0 }).int([6, 2], -9..9).int([3], 0..6).not_differentiable(),
            Case::new("truth values", Self { axis: 1 }).bool([2, 7]).int([2, 2], 0..7).not_differentiable(),
        ]
    }
}

impl Operator for GatherElements {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let [data, indices] = operands(inputs)?;
        let axis = normalize_axes(&[self.axis], data.shape.len(), "axis")?[0];
        let mut sides = indices.shape.iter().zip(&data.shape).enumerate();
        let fits = indices.shape.len() == data.shape.len() && sides.all(|(i, (own, all))| i == axis || own <= all);
        require(fits, 1, "indices", format!("at most {data}, except along axis {axis}"), indices)?;
        self.layout(&data.shape, &indices.shape)?.infer(data.dtype)
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let image = |t: Option<&TensorType>| t.map(|t| t.shape.iter().rev().take(2).copied().collect::<Vec<_>>());
        if image(inputs[0]) != image(inputs[1]) {
            return vec![Reach::Everything("height and width, at positions from its indices"), Reach::Pointwise];
        }
        vec![reach(inputs, |data, indices| self.layout(data, indices)), Reach::Pointwise]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, axis, data: &[usize], indices: &[usize], range| {
            Case::new(name, Self { axis }).float(data, -1.0..1.0).int(indices, range)
        };
        vec![
            case("one of one", 0, &[1], &[1], 0..1),
            case("rows", 0, &[5, 3], &[7, 3], 0..5),
            case("channels 97x61", 1, &[1, 3, 97, 61], &[1, 2, 97, 61], 0..3),
            case("last axis, negative and clamped", -1, &[2, 3, 4], &[2, 3, 6], -9..9),
            case("less than all, batch 2", 2, &[2, 3, 4, 5], &[1, 2, 6, 4], 0..4),
            case("rank 8", 3, &[2, 2, 1, 3, 2, 2, 3, 2], &[2, 1, 1, 4, 2, 1, 3, 2], 0..3),
            Case::new("integers", Self { axis: 1 }).int([3, 4], -9..9).int([3, 2], -4..4).not_differentiable(),
        ]
    }
}

impl Operator for GatherND {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let [data, indices] = operands(inputs)?;
        require(!indices.shape.is_empty(), 1, "indices", "rank 1 or more", indices)?;
        let layout = self.layout(&data.shape, &indices.shape)?;
        let batch = self.batch_dims;
        let (picked, most) = (indices.shape[indices.shape.len() - 1], data.shape.len() - batch);
        require((1..=most).contains(&picked), 1, "indices", format!("a last dimension of 1 to {most}"), indices)?;
        let common = data.shape[..batch] == indices.shape[..batch];
        require(common, 1, "indices", format!("leading dimensions {:?}, as data", &data.shape[..batch]), indices)?;
        layout.infer(data.dtype)
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let data = reach(inputs, |data, indices| self.layout(data, indices));
        vec![data, Reach::Everything("its indices")]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, batch_dims, data: &[usize], indices: &[usize], range| {
            Case::new(name, Self { batch_dims }).float(data, -1.0..1.0).int(indices, range)
        };
        let pairs = Tensor::new(vec![2, 2], TensorData::I32(vec![0, -1, 4, 3]));
        vec![
            case("one of one", 0, &[1], &[1], 0..1),
            Case::new("elements", Self { batch_dims: 0 }).float([5, 4], -1.0..1.0).tensor(pairs),
            case("images 97x61", 0, &[3, 2, 97, 61], &[2, 1], 0..3),
            case("rows, negative and clamped", 0, &[4, 3, 5], &[2, 3, 2], -9..9),
            case("batch 2", 1, &[2, 3, 4, 5], &[2, 6, 2], 0..3),
            case("two batch axes", 2, &[2, 2, 5], &[2, 2, 3, 1], 0..5),
            case("one index", 0, &[4, 3], &[1], 2..3),
            Case::new("truth values", Self { batch_dims: 0 }).bool([4, 3]).int([5, 1], 0..4).not_differentiable(),
        ]
    }
}
