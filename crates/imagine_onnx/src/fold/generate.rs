//! `Range` and `ConstantOfShape` of known values.

use super::node::{BoundNode, MAX_ELEMENTS, repeated, sizes};
use crate::array::{Array, Elements};
use crate::attributes::Attribute;
use crate::error::NodeFault;

pub(super) fn range(node: &BoundNode) -> Result<Option<Array>, NodeFault> {
    let [start, limit, delta] = [node.input(0)?, node.input(1)?, node.input(2)?];
    if [start, limit, delta].iter().any(|a| a.len() != 1) {
        return Err(NodeFault::Evaluation("start, limit and delta must be single numbers"));
    }
    let length = |length: f64| {
        let length = length.ceil().max(0.0);
        (length <= MAX_ELEMENTS as f64).then_some(length as usize)
    };
    if let (Some(&[start]), Some(&[limit]), Some(&[delta])) = (start.as_ints(), limit.as_ints(), delta.as_ints()) {
        if delta == 0 {
            return Err(NodeFault::Evaluation("delta is 0"));
        }
        let Some(count) = length((limit as f64 - start as f64) / delta as f64) else { return Ok(None) };
        let values = (0..count as i64).map(|i| start.wrapping_add(i.wrapping_mul(delta))).collect();
        return Ok(Some(Array::ints(&[count], values)));
    }
    let [start, limit, delta] = [start, limit, delta].map(|a| a.to_floats()[0]);
    if delta == 0.0 || !(start.is_finite() && limit.is_finite() && delta.is_finite()) {
        return Err(NodeFault::Evaluation("start, limit and delta must be finite, and delta not 0"));
    }
    let Some(count) = length((f64::from(limit) - f64::from(start)) / f64::from(delta)) else { return Ok(None) };
    let values = (0..count).map(|i| start + i as f32 * delta).collect();
    Ok(Some(Array { shape: vec![count], elements: Elements::Float(values) }))
}

pub(super) fn constant_of_shape(node: &BoundNode) -> Result<Option<Array>, NodeFault> {
    let shape = sizes(&node.attributes.ints("shape", node.probe)?.unwrap_or_default())?;
    let zero = Array { shape: vec![1], elements: Elements::Float(vec![0.0]) };
    let value = match node.attributes.0.get("value") {
        Some(Attribute::Tensor(tensor, _)) if tensor.len() == 1 => tensor.as_ref().clone(),
        Some(_) => return Err(NodeFault::Evaluation("value must be a tensor of one element")),
        None => zero,
    };
    Ok(repeated(&shape).map(|count| value.pick(shape, std::iter::repeat_n(0, count))))
}
