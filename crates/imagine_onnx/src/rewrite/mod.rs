//! Nodes that a graph expresses in another way than ONNX: shapes as dimensions, variadic operators as pairs, decompositions.
//! Every other node is added under its own name with its own attributes.

mod attention;
mod cast;
mod col2im;
mod decompose;
mod einsum;
mod empty;
mod functions;
mod legacy;
mod pad;
mod quantize;
mod resize;
mod slice;
mod subgraph;
mod table;
mod top_k;
mod window;

use std::rc::Rc;

use imagine_graph::{DType, Div, Expand, Max, Min, Op};

use crate::array::{Array, Elements};
use crate::attributes::{Attribute, invalid};
use crate::error::NodeFault;
use crate::fold;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};
use legacy::Rewritten;
use subgraph::{first_output, lists, reshape_to};
use table::{Rewrite, Table};

type Result<T> = std::result::Result<T, NodeFault>;

/// Operators that are not added as they are; see also [`functions::TABLE`] and [`quantize::TABLE`].
const TABLE: Table = &[
    ("Attention", attention::attention),
    ("AveragePool", pool),
    ("BatchNormalization", batch_normalization),
    ("Bernoulli", random),
    ("Cast", cast::cast),
    ("CastLike", cast::cast),
    ("Clip", clip),
    ("Col2Im", col2im::col2im),
    ("ConstantOfShape", constant_of_shape),
    ("Conv", pool),
    ("ConvTranspose", pool),
    ("Dropout", dropout),
    ("Einsum", einsum::chain),
    ("EyeLike", decompose::eye_like),
    ("GlobalLpPool", decompose::global_lp_pool),
    ("Identity", identity),
    ("LayerNormalization", decompose::layer_normalization),
    ("LpPool", pool),
    ("Max", variadic),
    ("MaxPool", max_pool),
    ("Mean", variadic),
    ("Min", variadic),
    ("Pad", pad::pad),
    ("RandomNormal", random),
    ("RandomNormalLike", random),
    ("RandomUniform", random),
    ("RandomUniformLike", random),
    ("Reshape", reshape),
    ("Resize", resize),
    ("Slice", slice),
    ("Split", split),
    ("Sum", variadic),
    ("TopK", top_k::top_k),
];

/// What adds `op`, if it is not added as it is.
fn rewrite_of(op: &str) -> Option<Rewrite> {
    let all = [TABLE, functions::TABLE, quantize::TABLE].into_iter().flatten();
    let reduce = op.starts_with("Reduce").then_some(reduce as Rewrite);
    all.copied().find(|(name, _)| *name == op).map(|(_, rewrite)| rewrite).or(reduce)
}

/// Whether a node of `op` can be added to a graph.
pub(crate) fn has(op: &str) -> bool {
    rewrite_of(op).is_some() || legacy::has(op) || Op::ALL.iter().any(|info| info.name == op)
}

/// Adds a node whose outputs are not known to the graph.
pub(crate) fn convert(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    let mut node = match legacy::rewrite(importer, node)? {
        Rewritten::Values(values) => return Ok(values),
        Rewritten::Node(node) => node,
    };
    if let Some(values) = empty::remove(importer, &mut node)? {
        return Ok(values);
    }
    match rewrite_of(&node.op) {
        Some(rewrite) => rewrite(importer, node),
        None => importer.emit_node(node),
    }
}

fn identity(_: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    node.reject_unknown_attributes()?;
    Ok(vec![node.input(0)?.clone()])
}

fn pool(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    window::window(importer, &mut node)?;
    importer.emit_node(node)
}

fn max_pool(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    window::window(importer, &mut node)?;
    decompose::max_pool(importer, node)
}

fn resize(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    resize::resize(importer, &mut node)?;
    importer.emit_node(node)
}

fn slice(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    slice::slice(importer, &mut node)?;
    importer.emit_node(node)
}

fn split(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    if !node.attributes.has("split") && !node.attributes.has("num_outputs") {
        node.attributes.set("num_outputs", Attribute::Int(node.outputs.len() as i64));
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

fn constant_of_shape(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let value = match node.attributes.take("value") {
        Some(Attribute::Tensor(tensor, _)) if tensor.len() == 1 => Rc::new(tensor.pick(Vec::new(), std::iter::once(0))),
        Some(_) => return Err(invalid("value", "must be a tensor of one element")),
        None => Rc::new(Array { shape: Vec::new(), elements: Elements::Float(vec![0.0]) }),
    };
    node.op = "Expand".into();
    node.inputs = vec![Some(Value::known("", vec![value; importer.probes.len()]))];
    importer.emit_node(node)
}

/// Drops infinite bounds; clips integers by their minimum and maximum.
fn clip(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    if node.input(0)?.types[0].dtype == DType::I32 {
        return clip_integers(importer, node);
    }
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
    importer.emit_node(node)
}

fn clip_integers(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let mut value = node.input(0)?.clone();
    let bounds: [(&str, Op); 2] = [("min", Max {}.into()), ("max", Min {}.into())];
    for (name, op) in bounds {
        let Some(bound) = node.attributes.int(name, 0)? else { continue };
        node.attributes.take(name);
        let bound = bound.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
        let bound = importer.constant("", Array::ints(&[], vec![bound]));
        value = importer.intermediate(op, &[&value, &bound], &node.name)?;
    }
    node.reject_unknown_attributes()?;
    Ok(vec![value])
}

/// Training mode is refused: it has more outputs and a running mean.
fn batch_normalization(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    node.attributes.take_float("momentum", 0.9)?;
    if node.attributes.take_int("training_mode", 0)? != 0 {
        return Err(NodeFault::Unsupported { reason: "is in training mode: export the model for inference" });
    }
    if node.attributes.take_int("spatial", 1)? != 1 {
        return Err(invalid("spatial", "must be 1: one mean and variance for each channel"));
    }
    importer.emit_node(node)
}

/// A node's seed becomes its random stream: equal seeds draw equal numbers; nodes without a seed differ.
fn random(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
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
    importer.emit_node(node)
}

/// Empty `axes` mean all axes, or none with `noop_with_empty_axes`.
fn reduce(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
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
    importer.emit_node(node)
}
