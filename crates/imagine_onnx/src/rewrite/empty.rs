//! Tensors without elements, which a graph cannot have: their readers are evaluated, or read them no more.

use std::rc::Rc;

use imagine_graph::{Op, Slice};

use crate::array::{Array, count};
use crate::attributes::{Attribute, axis_from_front};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// Stems of operators that keep the shape of their first input.
const SAME_SHAPE: [&str; 4] = ["cum_sum", "softmax", "trilu", "unary"];

/// The outputs of a node if all are empty; else drops its empty inputs and outputs.
pub(super) fn remove(importer: &mut Importer, node: &mut OnnxNode) -> Result<Option<Vec<Value>>> {
    match node.op.as_str() {
        "Split" => return split(importer, node),
        "Slice" => return slice(importer, node),
        "Concat" if node.inputs.iter().flatten().any(|value| !value.is_empty()) => {
            node.inputs.retain(|value| value.as_ref().is_none_or(|value| !value.is_empty()));
            // The only input left is the whole.
            let whole = node.inputs.len() == 1;
            return Ok(node.inputs[0].clone().filter(|_| whole).map(|value| vec![value]));
        }
        _ => {}
    }
    let keeps = Op::ALL.iter().any(|info| info.name == node.op && SAME_SHAPE.contains(&info.stem));
    match node.input(0) {
        Ok(data) if keeps && data.is_empty() => Ok(Some(vec![data.clone()])),
        _ => Ok(None),
    }
}

/// An empty value of `data`'s type, of shape `shapes[p]` at probe `p`.
fn empty(data: &Value, shapes: Vec<Vec<usize>>) -> Value {
    let dtype = data.types[0].dtype;
    Value::known("", shapes.into_iter().map(|shape| Rc::new(Array::none(dtype, shape))).collect())
}

/// A slice that is empty at every size.
fn slice(importer: &Importer, node: &OnnxNode) -> Result<Option<Vec<Value>>> {
    let data = node.input(0)?;
    let mut shapes = Vec::new();
    for probe in 0..importer.probes.len() {
        let list = |name: &str| Ok(node.attributes.ints(name, probe)?.unwrap_or_default());
        let op = Slice { starts: list("starts")?, ends: list("ends")?, axes: list("axes")?, steps: list("steps")? };
        // Emitting the slice reports the fault.
        let Ok(ranges) = op.ranges(data.shape(probe)) else { return Ok(None) };
        shapes.push(ranges.iter().map(|range| range.1).collect::<Vec<usize>>());
    }
    let nothing = shapes.iter().all(|shape| count(shape) == 0);
    Ok(nothing.then(|| vec![empty(data, shapes)]))
}

/// Parts of length 0 become empty values; the graph splits off the others.
fn split(importer: &mut Importer, node: &mut OnnxNode) -> Result<Option<Vec<Value>>> {
    let Some(parts) = node.attributes.ints("split", 0)? else { return Ok(None) };
    let data = node.input(0)?.clone();
    let axis = axis_from_front("axis", node.attributes.int("axis", 0)?.unwrap_or(0), data.rank());
    let Ok(axis) = axis else { return Ok(None) };
    for probe in 0..importer.probes.len() {
        let same = node.attributes.ints("split", probe)?.as_ref() == Some(&parts);
        if !same || !parts.contains(&0) || parts.len() != node.outputs.len() {
            return Ok(None);
        }
    }
    let mut shapes: Vec<Vec<usize>> = data.types.iter().map(|found| found.shape.clone()).collect();
    shapes.iter_mut().for_each(|shape| shape[axis] = 0);
    let filled: Vec<usize> = (0..parts.len()).filter(|&index| parts[index] != 0).collect();
    let mut values = match filled[..] {
        [] => return Err(NodeFault::Evaluation("the parts do not add up to the length of the axis")),
        // The only part with elements is the whole.
        [only] if data.types.iter().all(|found| found.shape[axis] as i64 == parts[only]) => vec![data.clone()],
        _ => {
            let mut rest = node.clone();
            rest.attributes.set("split", Attribute::Ints(filled.iter().map(|&index| parts[index]).collect()));
            rest.outputs = filled.iter().map(|&index| node.outputs[index].clone()).collect();
            importer.emit_node(rest)?
        }
    }
    .into_iter();
    let value = |&length: &i64| if length == 0 { Some(empty(&data, shapes.clone())) } else { values.next() };
    let all: Option<Vec<Value>> = parts.iter().map(value).collect();
    all.map(Some).ok_or(NodeFault::Unsupported { reason: "has a different number of parts and outputs" })
}
