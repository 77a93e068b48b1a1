//! `ScatterElements` and `ScatterND`: data with some elements replaced, or combined with updates.
//!
//! | operator | for every `i..`, in row-major order |
//! |---|---|
//! | `ScatterElements` | `Y[i.. with the index at axis replaced by indices[i..]]` takes `updates[i..]` |
//! | `ScatterND` | `Y[indices[i.., 0], indices[i.., 1], .., b..]` takes `updates[i.., b..]` |
//!
//! Where nothing is said Y is data. To take is to become (`none`: the last one stays, where ONNX leaves it open), or the
//! sum, product, larger or smaller of what is there and the update. Indices are i32; a negative one counts from the end, and
//! one that then still lies outside is clamped to the axis, where ONNX calls it an error.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require, require_param, strides};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, MAX_ELEMENTS, Tensor, TensorData, TensorType};

/// Parameters of `ScatterElements`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScatterElements {
    /// The axis that indices count along.
    pub axis: i64,
    /// What an update does to the element.
    pub reduction: ScatterReduction,
}

/// Parameters of `ScatterND`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScatterND {
    /// What an update does to the element.
    pub reduction: ScatterReduction,
}

/// What an update of `ScatterElements` and `ScatterND` does to an element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScatterReduction {
    /// Takes its place.
    #[default]
    None,
    /// Is added.
    Add,
    /// Is multiplied with it.
    Mul,
    /// Takes its place if it is smaller.
    Min,
    /// Takes its place if it is larger.
    Max,
}

/// What the two operators have in common. Element `o..` looks at candidates `t` in `0 .. candidates` in order, if all `o` are
/// below the `limits`: it takes `updates[sum of o * update strides + t * update_step]` if for every pick `p` the index at
/// `indices[sum of o * index strides + t * index_step + p]`, made positive and clamped, is `o` of axis `picks[p]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterLayout {
    /// For every axis of the data its stride in the indices; 0 where indices stand for it.
    pub index_strides: Vec<i64>,
    /// For every axis of the data its stride in the updates; 0 where indices stand for it.
    pub update_strides: Vec<i64>,
    /// For every axis of the data how many of its elements can be updated.
    pub limits: Vec<usize>,
    /// Axes of the data that indices count along.
    pub picks: Vec<usize>,
    /// Number of candidates.
    pub candidates: usize,
    /// From one candidate to the next, in the indices.
    pub index_step: usize,
    /// From one candidate to the next, in the updates.
    pub update_step: usize,
}

impl ScatterElements {
    /// Where each element's updates are.
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
    /// Where each element's updates are.
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

/// Data, indices and updates of both operators.
fn operands<'a>(inputs: &Inputs<'a>, reduction: ScatterReduction) -> Result<[&'a TensorType; 3], NodeError> {
    inputs.count(3..=3)?;
    let [data, indices, updates] =
        [inputs.required(0, "data")?, inputs.required(1, "indices")?, inputs.required(2, "updates")?];
    require(!data.shape.is_empty(), 0, "data", "rank 1 or more", data)?;
    require(indices.dtype == DType::I32, 1, "indices", "integers", indices)?;
    require(!indices.shape.is_empty(), 1, "indices", "rank 1 or more", indices)?;
    require(
        updates.dtype == data.dtype,
        2,
        "updates",
        format!("elements like those of data, {:?}", data.dtype),
        updates,
    )?;
    let combines = data.dtype != DType::Bool || reduction == ScatterReduction::None;
    require_param(combines, "reduction", "None for truth values", reduction)?;
    Ok([data, indices, updates])
}

/// The output is like the data. Every element looks at every candidate, so their number is bounded.
fn result(data: &TensorType, candidates: usize) -> Result<Vec<TensorType>, NodeError> {
    if data.elements().saturating_mul(candidates) > MAX_ELEMENTS {
        let reason = "more than 2^30 elements times updates that each may take";
        return Err(NodeError::OutputShape { shape: data.shape.clone(), reason });
    }
    Ok(vec![output(data.dtype, data.shape.clone())?])
}

const PLACES: Reach = Reach::Everything("height and width, where its indices say");

impl Operator for ScatterElements {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let [data, indices, updates] = operands(inputs, self.reduction)?;
        let axis = normalize_axes(&[self.axis], data.shape.len(), "axis")?[0];
        let mut sides = indices.shape.iter().zip(&data.shape).enumerate();
        let fits = indices.shape.len() == data.shape.len() && sides.all(|(i, (own, all))| i == axis || own <= all);
        require(fits, 1, "indices", format!("at most {data}, but for axis {axis}"), indices)?;
        require(updates.shape == indices.shape, 2, "updates", format!("{:?}, as indices", indices.shape), updates)?;
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
