//! Reductions of known values.

use imagine_graph::DType;

use super::layout::{cells, flat};
use super::node::{BoundNode, MAX_ELEMENTS, repeated};
use crate::array::{Array, Elements, count};
use crate::attributes::axis_from_front;
use crate::error::NodeFault;

/// `None` if the result would be too large or the elements are not integers.
pub(super) fn reduce(node: &BoundNode) -> Result<Option<Vec<Array>>, NodeFault> {
    let data = node.input(0)?;
    let rank = data.shape.len();
    let axes = node.attributes.ints("axes", node.probe)?.unwrap_or_default();
    let axes = axes.iter().map(|&a| axis_from_front("axes", a, rank)).collect::<Result<Vec<_>, _>>()?;
    let keep = node.attributes.int("keepdims", node.probe)?.unwrap_or(1) != 0;
    let nothing = axes.is_empty() && node.attributes.int("noop_with_empty_axes", node.probe)?.unwrap_or(0) != 0;
    let reduced = |axis: usize| !nothing && (axes.is_empty() || axes.contains(&axis));
    let kept: Vec<usize> = (0..rank).map(|a| if reduced(a) { 1 } else { data.shape[a] }).collect();
    let shape: Vec<usize> = (0..rank).filter(|&a| keep || !reduced(a)).map(|a| kept[a]).collect();
    if data.len() == 0 {
        let nothing = of_nothing(node.op, data.dtype())?;
        return Ok(repeated(&shape).map(|count| vec![nothing.pick(shape, std::iter::repeat_n(0, count))]));
    }
    let combine: fn(i64, i64) -> i64 = match node.op {
        "ReduceProd" => i64::wrapping_mul,
        "ReduceSum" => i64::wrapping_add,
        "ReduceMin" => i64::min,
        "ReduceMax" => i64::max,
        _ => return Ok(None),
    };
    let Some(values) = data.as_ints().filter(|values| values.len() <= MAX_ELEMENTS) else { return Ok(None) };
    let mut result: Vec<Option<i64>> = vec![None; count(&kept)];
    for (cell, &value) in cells(&data.shape).zip(values) {
        let to = flat((0..rank).map(|a| (if reduced(a) { 0 } else { cell[a] }, kept[a])));
        result[to] = Some(result[to].map_or(value, |sum| combine(sum, value)));
    }
    Ok(Some(vec![Array::ints(&shape, result.into_iter().flatten().collect())]))
}

/// The result of a reduction of no elements.
fn of_nothing(op: &str, dtype: DType) -> Result<Array, NodeFault> {
    let elements = match (op, dtype) {
        ("ReduceMax", DType::Bool) => Elements::Bool(vec![false]),
        ("ReduceMin", DType::Bool) => Elements::Bool(vec![true]),
        ("ReduceMax", DType::I32) => Elements::Int(vec![i64::from(i32::MIN)]),
        ("ReduceMin", DType::I32) => Elements::Int(vec![i64::from(i32::MAX)]),
        ("ReduceSum" | "ReduceL1" | "ReduceSumSquare", DType::I32) => Elements::Int(vec![0]),
        ("ReduceProd", DType::I32) => Elements::Int(vec![1]),
        ("ReduceMax" | "ReduceLogSum" | "ReduceLogSumExp", DType::F32) => Elements::Float(vec![f32::NEG_INFINITY]),
        ("ReduceMin", DType::F32) => Elements::Float(vec![f32::INFINITY]),
        ("ReduceSum" | "ReduceL1" | "ReduceL2" | "ReduceSumSquare", DType::F32) => Elements::Float(vec![0.0]),
        ("ReduceProd", DType::F32) => Elements::Float(vec![1.0]),
        _ => return Err(NodeFault::Evaluation("there are no elements to reduce")),
    };
    Ok(Array { shape: vec![1], elements })
}
