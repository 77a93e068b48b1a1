//! Nodes that a graph expresses in another way than ONNX: shapes as dimensions, variadic operators as pairs, decompositions.
//! Every other node is added under its own name with its own attributes.

mod attention;
mod col2im;
mod decompose;
mod einsum;
mod empty;
mod functions;
mod legacy;
mod pad;
mod resize;
mod slice;
mod subgraph;
mod top_k;
mod window;

pub(crate) use functions::FUNCTIONS;

use std::rc::Rc;

use imagine_graph::{DType, Div, Expand};

use crate::array::{Array, Elements};
use crate::attributes::{Attribute, invalid};
use crate::error::NodeFault;
use crate::fold;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};
use legacy::Rewritten;
use subgraph::{first_output, lists, reshape_to};

type Result<T> = std::result::Result<T, NodeFault>;

/// Adds a node whose outputs are not known to the graph.
pub(crate) fn convert(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    let mut node = match legacy::rewrite(importer, node)? {
        Rewritten::Values(values) => return Ok(values),
        Rewritten::Node(node) => node,
    };
    if let Some(values) = empty::remove(importer, &mut node)? {
        return Ok(values);
    }
    match node.op.as_str() {
        "Identity" => {
            node.reject_unknown_attributes()?;
            return Ok(vec![node.input(0)?.clone()]);
        }
        "Min" | "Max" | "Sum" | "Mean" => return variadic(importer, node),
        "Reshape" => return reshape(importer, node),
        "Cast" | "CastLike" => return cast(importer, node),
        "Dropout" => return dropout(importer, node),
        "Attention" => return attention::attention(importer, node),
        "Col2Im" => return col2im::col2im(importer, node),
        "Einsum" => return einsum::chain(importer, node),
        "EyeLike" => return decompose::eye_like(importer, node),
        "GlobalLpPool" => return decompose::global_lp_pool(importer, node),
        "LayerNormalization" => return decompose::layer_normalization(importer, node),
        "ConstantOfShape" => constant_of_shape(importer, &mut node)?,
        "Split" if !node.attributes.has("split") && !node.attributes.has("num_outputs") => {
            node.attributes.set("num_outputs", Attribute::Int(node.outputs.len() as i64));
        }
        "Slice" => slice::slice(importer, &mut node)?,
        "Pad" => {
            pad::pad(importer, &mut node)?;
            if let Some(value) = pad::infinite_padding(&mut node) {
                return pad::pad_with(importer, node, value);
            }
        }
        "Clip" => clip(&mut node),
        "Resize" => resize::resize(importer, &mut node)?,
        "BatchNormalization" => batch_normalization(&mut node)?,
        "Conv" | "ConvTranspose" | "AveragePool" | "LpPool" => window::window(importer, &mut node)?,
        "MaxPool" => {
            window::window(importer, &mut node)?;
            return decompose::max_pool(importer, node);
        }
        "RandomNormal" | "RandomUniform" | "RandomNormalLike" | "RandomUniformLike" | "Bernoulli" => {
            random(importer, &mut node)?;
        }
        "TopK" => return top_k::top_k(importer, node),
        op if FUNCTIONS.contains(&op) => return functions::convert(importer, node),
        op if op.starts_with("Reduce") => reduce(importer, &mut node)?,
        _ => {}
    }
    importer.emit_node(node)
}

fn reshape(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let allow_zero = node.attributes.take_int("allowzero", 0)? != 0;
    let mut targets = Vec::new();
    let mut open = None;
    for probe in 0..importer.probes.len() {
        let wanted = node.attributes.ints("shape", probe)?.ok_or(NodeFault::Unsupported { reason: "has no shape" })?;
        open = wanted.iter().position(|&d| d == -1);
        targets.push(fold::target_shape(&wanted, node.input(0)?.shape(probe), allow_zero)?);
    }
    node.attributes.take("shape");
    node.reject_unknown_attributes()?;
    let op = reshape_to(importer, &targets, open)?;
    importer.emit_op(op.into(), &node.inputs, &node.outputs, &node.name)
}

/// `Min`, `Max`, `Sum` and `Mean` are variadic; a graph's operators take two tensors.
fn variadic(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    node.reject_unknown_attributes()?;
    let op = if matches!(node.op.as_str(), "Sum" | "Mean") { "Add" } else { node.op.as_str() };
    let mean = node.op == "Mean";
    let mut result = node.input(0)?.clone();
    for index in 1..node.inputs.len() {
        let last = index + 1 == node.inputs.len() && !mean;
        let pair = OnnxNode {
            op: op.into(),
            inputs: vec![Some(result), Some(node.input(index)?.clone())],
            outputs: vec![if last { node.outputs[0].clone() } else { String::new() }],
            ..node.clone()
        };
        result = first_output(importer.emit_node(pair)?)?;
    }
    if mean && node.inputs.len() > 1 {
        let count = importer.floats(&[], vec![node.inputs.len() as f32]);
        return importer.emit_op(Div {}.into(), &[Some(result), Some(count)], &node.outputs, &node.name);
    }
    Ok(vec![result])
}

fn cast(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let to = match node.op.as_str() {
        "CastLike" => node.input(1)?.types[0].dtype,
        _ => node.attributes.take_dtype("to")?.ok_or_else(|| invalid("to", "is missing"))?,
    };
    // It concerns 8-bit floats only, which are refused.
    node.attributes.take_int("saturate", 1)?;
    node.reject_unknown_attributes()?;
    if node.input(0)?.types[0].dtype == to {
        return Ok(vec![node.input(0)?.clone()]);
    }
    importer.emit_op(imagine_graph::Cast { to }.into(), &node.inputs[..1], &node.outputs, &node.name)
}

/// At inference `Dropout` is the identity, and its mask is true everywhere.
fn dropout(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let training = match node.attributes.take("training_mode") {
        None => false,
        Some(Attribute::Input(known)) => known.iter().any(|array| array.to_floats().iter().any(|&v| v != 0.0)),
        Some(_) => return Err(invalid("training_mode", "must be an input")),
    };
    if training {
        return Err(NodeFault::Unsupported { reason: "is in training mode: export the model for inference" });
    }
    node.attributes.take("ratio");
    node.attributes.take("seed");
    node.reject_unknown_attributes()?;
    let data = node.input(0)?.clone();
    let mut values = vec![data.clone()];
    if node.is_read(1) {
        let op = Expand { shape: importer.shape_of(&data)? };
        values.push(importer.intermediate(op, &[&importer.truth()], &node.name)?);
    }
    Ok(values)
}

fn constant_of_shape(importer: &Importer, node: &mut OnnxNode) -> Result<()> {
    let value = match node.attributes.take("value") {
        Some(Attribute::Tensor(tensor)) if tensor.len() == 1 => Rc::new(tensor.pick(Vec::new(), std::iter::once(0))),
        Some(_) => return Err(invalid("value", "must be a tensor of one element")),
        None => Rc::new(Array { shape: Vec::new(), elements: Elements::Float(vec![0.0]) }),
    };
    node.op = "Expand".into();
    node.inputs = vec![Some(Value::known("", vec![value; importer.probes.len()]))];
    Ok(())
}

/// Drops infinite bounds.
fn clip(node: &mut OnnxNode) {
    for (name, none) in [("min", f32::NEG_INFINITY), ("max", f32::INFINITY)] {
        let value = match node.attributes.0.get(name) {
            Some(Attribute::Input(known)) => known[0].to_floats().first().copied(),
            Some(Attribute::Float(value)) => Some(*value),
            _ => None,
        };
        if value == Some(none) {
            node.attributes.take(name);
        }
    }
}

/// Training mode is refused: it has more outputs and a running mean.
fn batch_normalization(node: &mut OnnxNode) -> Result<()> {
    node.attributes.take_float("momentum", 0.9)?;
    if node.attributes.take_int("training_mode", 0)? != 0 {
        return Err(NodeFault::Unsupported { reason: "is in training mode: export the model for inference" });
    }
    if node.attributes.take_int("spatial", 1)? != 1 {
        return Err(invalid("spatial", "must be 1: one mean and variance for each channel"));
    }
    Ok(())
}

/// A node's seed becomes its random stream: equal seeds draw equal numbers; nodes without a seed differ.
fn random(importer: &mut Importer, node: &mut OnnxNode) -> Result<()> {
    let seed = node.attributes.has("seed").then(|| node.attributes.take_float("seed", 0.0)).transpose()?;
    let stream = seed.map_or(importer.streams, f32::to_bits);
    importer.streams = importer.streams.wrapping_add(1);
    node.attributes.set("stream", Attribute::Int(i64::from(stream)));
    let like = node.op.strip_suffix("Like").map(String::from);
    let data = if like.is_some() || node.op == "Bernoulli" { Some(node.input(0)?.clone()) } else { None };
    let natural = data.as_ref().map_or(DType::F32, |value| value.types[0].dtype);
    let dtype = node.attributes.take_dtype("dtype")?.unwrap_or(natural);
    if let Some(data) = data {
        node.attributes.set("shape", lists(&data.shapes()));
    }
    if node.op == "Bernoulli" {
        let name = match dtype {
            DType::F32 => "f32",
            DType::I32 => "i32",
            DType::Bool => "bool",
        };
        node.attributes.set("dtype", Attribute::Text(name.into()));
    } else if dtype != DType::F32 {
        return Err(invalid("dtype", "must be a float type"));
    }
    if let Some(op) = like {
        node.op = op;
        node.inputs.clear();
    }
    Ok(())
}

/// Empty `axes` mean all axes, or none with `noop_with_empty_axes`.
fn reduce(importer: &Importer, node: &mut OnnxNode) -> Result<()> {
    let mut empty = true;
    for probe in 0..importer.probes.len() {
        empty &= node.attributes.ints("axes", probe)?.is_none_or(|axes| axes.is_empty());
    }
    if empty {
        node.attributes.take("axes");
    }
    if !empty || node.attributes.int("noop_with_empty_axes", 0)? == Some(0) {
        node.attributes.take("noop_with_empty_axes");
    }
    Ok(())
}
