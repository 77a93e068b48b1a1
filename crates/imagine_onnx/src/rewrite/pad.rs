//! `Pad`: pads of all axes, and infinite padding.

use imagine_graph::{Expand, Where};

use super::subgraph::{first_output, lists};
use crate::attributes::{Attribute, axis_from_front, invalid, is_constant};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// Adds a `Pad`.
pub(super) fn pad(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    to_all_axes(importer, &mut node)?;
    match infinite_padding(&mut node) {
        Some(value) => pad_with(importer, node, value),
        None => importer.emit_node(node),
    }
}

/// Extends pads of some axes to all axes.
fn to_all_axes(importer: &Importer, node: &mut OnnxNode) -> Result<()> {
    let rank = node.input(0)?.rank();
    let axes = node.attributes.ints("axes", 0)?;
    if axes.is_none() {
        return Ok(());
    }
    let mut sides = Vec::new();
    for probe in 0..importer.probes.len() {
        let axes = node.attributes.ints("axes", probe)?.unwrap_or_default();
        let pads = node.attributes.ints("pads", probe)?.unwrap_or_default();
        if pads.len() != 2 * axes.len() {
            return Err(invalid("pads", "must have two numbers for every axis of axes"));
        }
        let mut all = vec![0; 2 * rank];
        for (i, &axis) in axes.iter().enumerate() {
            let axis = axis_from_front("axes", axis, rank)?;
            all[axis] = pads[i];
            all[rank + axis] = pads[axes.len() + i];
        }
        sides.push(all);
    }
    node.attributes.take("axes");
    node.attributes.set("pads", lists(&sides));
    Ok(())
}

/// Takes an infinite padding value out of `node`.
fn infinite_padding(node: &mut OnnxNode) -> Option<f32> {
    let value = match node.attributes.0.get("value") {
        Some(Attribute::Float(value)) => *value,
        Some(Attribute::Input(known)) if is_constant(known) => *known[0].to_floats().first()?,
        _ => return None,
    };
    if value.is_infinite() {
        node.attributes.take("value");
    }
    value.is_infinite().then_some(value)
}

/// Infinite padding, which `Pad` of a graph does not have: a padded mask selects `value` outside the data.
fn pad_with(importer: &mut Importer, node: OnnxNode, value: f32) -> Result<Vec<Value>> {
    let data = node.input(0)?.clone();
    if matches!(node.attributes.0.get("mode"), Some(Attribute::Text(mode)) if mode != "constant") {
        return importer.emit_node(node);
    }
    let inside =
        importer.intermediate(Expand { shape: importer.shape_of(&data)? }, &[&importer.truth()], &node.name)?;
    let pad = |data: Value| OnnxNode { inputs: vec![Some(data)], outputs: vec![String::new()], ..node.clone() };
    let inside = first_output(importer.emit_node(pad(inside))?)?;
    let padded = first_output(importer.emit_node(pad(data))?)?;
    let outside = importer.floats(&[], vec![value]);
    let inputs = [inside, padded, outside].map(Some);
    importer.emit_op(Where {}.into(), &inputs, &node.outputs, &node.name)
}
