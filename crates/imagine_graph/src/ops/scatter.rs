//! `ScatterElements` and `ScatterND`: data with some elements replaced by, or combined with, updates.
//!
//! | operator | for every `i..`, in row-major order |
//! |---|---|
//! | `ScatterElements` | `Y[i.. with the index at axis replaced by indices[i..]]` takes `updates[i..]` |
//! | `ScatterND` | `Y[indices[i.., 0], indices[i.., 1], .., b..]` takes `updates[i.., b..]` |
//!
//! All other elements of Y are data's. An element that takes an update is replaced by it (`none`; the last update wins, which
//! ONNX leaves undefined), or becomes the sum, product, maximum or minimum of itself and the update. Indices are i32. A negative
//! index counts from the end. An index out of range is clamped, where ONNX requires an error.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require, require_param, strides};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, MAX_ELEMENTS, Tensor, TensorData, TensorType};

/// Parameters of `ScatterElements`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScatterElements {
    /// The axis that indices select along.
    pub axis: i64,
    /// How an update is applied.
    pub reduction: ScatterReduction,
}

/// Parameters of `ScatterND`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScatterND {
    /// How an update is applied.
    pub reduction: ScatterReduction,
}

/// How `ScatterElements` and `ScatterND` apply an update to an element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScatterReduction {
    /// Replaces it.
    #[default]
    None,
    /// Is added to it.
    Add,
    /// Multiplies it.
    Mul,
    /// Replaces it if smaller.
    Min,
    /// Replaces it if larger.
    Max,
}

/// The common form of the two operators. If all `o` are below the `limits`, element `o..` checks candidates `t` in
/// `0 .. candidates` in order: it takes `updates[sum of o * update strides + t * update_step]` if for every pick `p` the index at
/// `indices[sum of o * index strides + t * index_step + p]`, made positive and clamped, is `o` of axis `picks[p]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterLayout {
    /// Stride in the indices of every data axis; 0 if indices replace it.
    pub index_strides: Vec<i64>,
    /// Stride in the updates of every data axis; 0 if indices replace it.
    pub update_strides: Vec<i64>,
    /// Number of elements along every data axis that can be updated.
    pub limits: Vec<usize>,
    /// Axes of the data that indices select along.
    pub picks: Vec<usize>,
    /// Number of candidates.
    pub candidates: usize,
    /// Distance between candidates in the indices.
    pub index_step: usize,
    /// Distance between candidates in the updates.
    pub update_step: usize,
}

impl ScatterElements {
    /// The updates of each element.
    pub fn layout(&self, data: &[usize], indices: &[usize]) -> Result<ScatterLayout, NodeError> {
        let axis = normalize_axes(&[self.axis], data.len(), "axis")?[0];
        let own = strides(indices);
        let (mut off_axis, mut limits) = (own.clone(), indices.to_vec());
        off_axis[axis] = 0;
        limits[axis] = data[axis];
        Ok(ScatterLayout {
            index_strides: off_axis.clone(),
            update_strides: off_axis,
            limits,
            picks: vec![axis],
            candidates: indices[axis],
            index_step: own[axis] as usize,
            update_step: own[axis] as usize,
        })
    }
}

impl ScatterND {
    /// The updates of each element.
    pub fn layout(&self, data: &[usize], indices: &[usize]) -> ScatterLayout {
        let (picked, tuples) = (indices[indices.len() - 1], &indices[..indices.len() - 1]);
        let mut update_strides = strides(data);
        update_strides[..picked].fill(0);
        ScatterLayout {
            index_strides: vec![0; data.len()],
            update_strides,
            limits: data.into(),
            picks: (0..picked).collect(),
            candidates: tuples.iter().product(),
            index_step: picked,
            update_step: data[picked..].iter().product(),
        }
    }
}

/// Checks data, indices and updates of both operators.
fn operands<'a>(inputs: &Inputs<'a>, reduction: ScatterReduction) -> Result<[&'a TensorType; 3], NodeError> {
    inputs.count(3..=3)?;
    let [data, indices, updates] =
        [inputs.required(0, "data")?, inputs.required(1, "indices")?, inputs.required(2, "updates")?];
    require(!data.shape.is_empty(), 0, "data", "rank 1 or more", data)?;
    require(indices.dtype == DType::I32, 1, "indices", "integers", indices)?;
    require(!indices.shape.is_empty(), 1, "indices", "rank 1 or more", indices)?;
    require(updates.dtype == data.dtype, 2, "updates", format!("the element type of data, {:?}", data.dtype), updates)?;
    let combines = data.dtype != DType::Bool || reduction == ScatterReduction::None;
    require_param(combines, "reduction", "none for booleans", reduction)?;
    Ok([data, indices, updates])
}

/// The output has the type of the data. Every element checks every candidate, so their product is bounded.
fn result(data: &TensorType, candidates: usize) -> Result<Vec<TensorType>, NodeError> {
    if data.elements().saturating_mul(candidates) > MAX_ELEMENTS {
        let reason = "more than 2^30 pairs of an element and a candidate update";
        return Err(NodeError::OutputShape { shape: data.shape.clone(), reason });
    }
    Ok(vec![output(data.dtype, data.shape.clone())?])
}

const PLACES: Reach = Reach::Everything("height and width, at positions from its indices");

impl Operator for ScatterElements {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let [data, indices, updates] = operands(inputs, self.reduction)?;
        let axis = normalize_axes(&[self.axis], data.shape.len(), "axis")?[0];
        let mut sides = indices.shape.iter().zip(&data.shape).enumerate();
        let fits = indices.shape.len() == data.shape.len() && sides.all(|(i, (own, all))| i == axis || own <= all);
        require(fits, 1, "indices", format!("at most {data}, except along axis {axis}"), indices)?;
        require(
            updates.shape == indices.shape,
            2,
            "updates",
            format!("{:?}, the shape of indices", indices.shape),
            updates,
        )?;
        result(data, indices.shape[axis])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise, PLACES, PLACES]
    }

    fn cases() -> Vec<Case> {
        use ScatterReduction::{Add, Max, Min, Mul, None};
        let case = |name: &str, axis, reduction, data: &[usize], indices: &[usize], range| {
            let case = Case::new(name, Self { axis, reduction }).float(data, -1.0..1.0).int(indices, range);
            case.float(indices, -1.0..1.0)
        };
        let whole = Case::new("integers", Self { axis: 1, reduction: Mul });
        let truth = Case::new("truth values", Self::default());
        vec![
            case("one of one", 0, None, &[1], &[1], 0..1),
            case("last one stays", 0, None, &[5, 3], &[7, 3], 0..5),
            case("columns 97x61", -1, None, &[1, 1, 97, 61], &[1, 1, 90, 3], -61..61),
            case("add, batch 2", 1, Add, &[2, 3, 4], &[2, 6, 3], -9..9),
            case("rank 8", 4, None, &[2, 2, 1, 3, 4, 2, 3, 2], &[2, 1, 1, 3, 2, 1, 3, 2], 0..4),
            case("mul", 0, Mul, &[3, 2], &[5, 2], 0..3),
            case("min", 1, Min, &[3, 3], &[2, 4], 0..3),
            case("max", 1, Max, &[3, 3], &[3, 4], 0..3),
            whole.int([3, 4], -9..9).int([3, 5], 0..4).int([3, 5], -3..3).not_differentiable(),
            truth.bool([4, 2]).int([2, 2], 0..4).bool([2, 2]).not_differentiable(),
        ]
    }
}

impl Operator for ScatterND {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let [data, indices, updates] = operands(inputs, self.reduction)?;
        let (tuples, picked) = (&indices.shape[..indices.shape.len() - 1], indices.shape[indices.shape.len() - 1]);
        let rank = data.shape.len();
        require((1..=rank).contains(&picked), 1, "indices", format!("a last dimension of 1 to {rank}"), indices)?;
        let expected = [tuples, &data.shape[picked..]].concat();
        require(updates.shape == expected, 2, "updates", format!("{expected:?}"), updates)?;
        result(data, tuples.iter().product())
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise, PLACES, PLACES]
    }

    fn cases() -> Vec<Case> {
        use ScatterReduction::{Add, Max, Min, Mul, None};
        let case = |name: &str, reduction, data: &[usize], indices: &[usize], range| {
            let updates = [&indices[..indices.len() - 1], &data[indices[indices.len() - 1]..]].concat();
            let case = Case::new(name, Self { reduction }).float(data, -1.0..1.0).int(indices, range);
            case.float(updates, -1.0..1.0)
        };
        let pair = Tensor::new(vec![2, 1], TensorData::I32(vec![-1, 1]));
        let rows = Case::new("integers", Self { reduction: Min }).int([3, 4], -9..9).tensor(pair);
        vec![
            case("one of one", None, &[1], &[1], 0..1),
            case("elements, last one stays", None, &[4, 3], &[9, 2], -3..3),
            case("images 97x61", None, &[4, 1, 97, 61], &[2, 1], 0..4),
            case("rows, add", Add, &[4, 3, 2], &[2, 3, 2], -9..9),
            case("mul", Mul, &[4, 3], &[5, 1], 0..4),
            case("min", Min, &[5], &[7, 1], 0..5),
            case("max", Max, &[2, 2, 3], &[6, 2], 0..2),
            rows.int([2, 4], -9..9).not_differentiable(),
        ]
    }
}
