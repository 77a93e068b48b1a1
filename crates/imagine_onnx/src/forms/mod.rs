//! What a graph writes in another way than ONNX does: known shapes as dimensions, many operands as pairs, types, random
//! streams. Everything else goes into the graph under its own name with its own attributes.

mod attention;
mod blocks;
mod compose;
mod einsum;
mod empty;
mod functions;
mod layout;
mod order;
mod window;

pub(crate) use functions::FUNCTIONS;

use std::rc::Rc;

use imagine_graph::{DType, Dim, Reshape};

use crate::array::{Array, Elements};
use crate::attributes::{Attribute, bad};
use crate::convert::{Call, Importer, Value};
use crate::error::NodeFault;
use crate::fold;
use crate::legacy::{self, Rewritten};
use crate::tensor::ElementType;

type Result<T> = std::result::Result<T, NodeFault>;

/// Adds a node that is not known to the graph.
pub(crate) fn convert(importer: &mut Importer, call: Call) -> Result<Vec<Value>> {
    let mut call = match legacy::rewrite(importer, call)? {
        Rewritten::Values(values) => return Ok(values),
        Rewritten::Call(call) => call,
    };
    if let Some(values) = empty::settle(importer, &mut call)? {
        return Ok(values);
    }
    match call.op.as_str() {
        "Identity" => {
            importer.nothing_left(&call)?;
            return Ok(vec![call.input(0)?.clone()]);
        }
        "Min" | "Max" | "Sum" | "Mean" => return variadic(importer, call),
        "Reshape" => return reshape(importer, call),
        "Cast" | "CastLike" => return cast(importer, call),
        "Dropout" => return dropout(importer, call),
        "Attention" => return attention::attention(importer, call),
        "Col2Im" => return blocks::col2im(importer, call),
        "Einsum" => return einsum::chain(importer, call),
        "EyeLike" => return compose::eye_like(importer, call),
        "GlobalLpPool" => return compose::global_lp_pool(importer, call),
        "LayerNormalization" => return compose::layer_normalization(importer, call),
        "ConstantOfShape" => constant_of_shape(importer, &mut call)?,
        "Split" if !call.attributes.has("split") && !call.attributes.has("num_outputs") => {
            call.attributes.set("num_outputs", Attribute::Int(call.outputs.len() as i64));
        }
        "Slice" => layout::slice(importer, &mut call)?,
        "Pad" => {
            layout::pad(importer, &mut call)?;
            if let Some(value) = layout::infinite_padding(&mut call) {
                return compose::pad_with(importer, call, value);
            }
        }
        "Clip" => clip(&mut call),
        "Resize" => layout::resize(importer, &mut call)?,
        "BatchNormalization" => batch_normalization(&mut call)?,
        "Conv" | "ConvTranspose" | "AveragePool" | "LpPool" => window::window(importer, &mut call)?,
        "MaxPool" => {
            window::window(importer, &mut call)?;
            return compose::max_pool(importer, call);
        }
        "RandomNormal" | "RandomUniform" | "RandomNormalLike" | "RandomUniformLike" | "Bernoulli" => {
            random(importer, &mut call)?;
        }
        "TopK" => return order::top_k(importer, call),
        op if FUNCTIONS.contains(&op) => return functions::convert(importer, call),
        op if op.starts_with("Reduce") => reduce(importer, &mut call)?,
        _ => {}
    }
    importer.emit(call)
}

/// One integer array at every probe.
fn known(lists: &[Vec<i64>]) -> Attribute {
    Attribute::Known(lists.iter().map(|list| Rc::new(Array::ints(&[list.len()], list.clone()))).collect())
}

fn shapes(value: &Value) -> Vec<Vec<i64>> {
    value.types.iter().map(|t| t.shape.iter().map(|&d| d as i64).collect()).collect()
}

/// The operator that gives a tensor the shape `shapes[p]` at probe `p`; one dimension may be what is left, `open` if it can.
pub(crate) fn reshape_to(importer: &Importer, shapes: &[Vec<usize>], open: Option<usize>) -> Result<Reshape> {
    let unfit = || importer.probes.unfit("shape", shapes);
    if shapes.iter().any(|shape| shape.len() != shapes[0].len()) {
        return Err(unfit());
    }
    let dims: Vec<Option<Dim>> = (0..shapes[0].len())
        .map(|axis| importer.probes.dim(&shapes.iter().map(|shape| shape[axis]).collect::<Vec<_>>()))
        .collect();
    let mut unknown = (0..dims.len()).filter(|&axis| dims[axis].is_none());
    let infer = unknown.next().or(open);
    if unknown.next().is_some() {
        return Err(unfit());
    }
    let dim = |(axis, dim): (usize, Option<Dim>)| match dim {
        Some(dim) if infer != Some(axis) => dim,
        _ => Dim::Fixed(1),
    };
    Ok(Reshape { shape: dims.into_iter().enumerate().map(dim).collect(), infer })
}

fn reshape(importer: &mut Importer, mut call: Call) -> Result<Vec<Value>> {
    let allow_zero = call.attributes.take_int("allowzero", 0)? != 0;
    let mut targets = Vec::new();
    let mut open = None;
    for probe in 0..importer.probes.0.len() {
        let wanted = call.attributes.ints("shape", probe)?.ok_or(NodeFault::Form { reason: "has no shape" })?;
        open = wanted.iter().position(|&d| d == -1);
        targets.push(fold::target_shape(&wanted, call.input(0)?.shape(probe), allow_zero)?);
    }
    call.attributes.take("shape");
    importer.nothing_left(&call)?;
    let op = reshape_to(importer, &targets, open)?;
    importer.push(op.into(), &call.inputs, &call.outputs, &call.node)
}

/// `Min`, `Max`, `Sum` and `Mean` take any number of tensors; a graph's operators take two.
fn variadic(importer: &mut Importer, call: Call) -> Result<Vec<Value>> {
    importer.nothing_left(&call)?;
    let op = if matches!(call.op.as_str(), "Sum" | "Mean") { "Add" } else { call.op.as_str() };
    let mean = call.op == "Mean";
    let mut result = call.input(0)?.clone();
    for index in 1..call.inputs.len() {
        let last = index + 1 == call.inputs.len() && !mean;
        let pair = Call {
            op: op.into(),
            inputs: vec![Some(result), Some(call.input(index)?.clone())],
            outputs: vec![if last { call.outputs[0].clone() } else { String::new() }],
            ..call.clone()
        };
        result = first(importer.emit(pair)?)?;
    }
    if mean && call.inputs.len() > 1 {
        let count = importer.floats(&[], vec![call.inputs.len() as f32]);
        return importer.push(imagine_graph::Div {}.into(), &[Some(result), Some(count)], &call.outputs, &call.node);
    }
    Ok(vec![result])
}

/// Longest axis whose indices stand in a graph as a list.
const MAX_POSITIONS: usize = 1 << 16;

/// `first`, `first + 1`, .., as many as `lengths` says at each probe.
fn positions(lengths: impl Iterator<Item = usize>, first: usize) -> Result<Value> {
    let list = |length: usize| {
        let numbers = || (first as i64..).take(length).collect();
        (length <= MAX_POSITIONS).then(|| Rc::new(Array::ints(&[length], numbers())))
    };
    let lists: Option<Vec<_>> = lengths.map(list).collect();
    let reason = "counts along an axis of more than 65536 elements";
    Ok(Value::known("positions", lists.ok_or(NodeFault::Form { reason })?))
}

pub(crate) fn first(values: Vec<Value>) -> Result<Value> {
    values.into_iter().next().ok_or(NodeFault::Form { reason: "has no output" })
}

fn cast(importer: &mut Importer, mut call: Call) -> Result<Vec<Value>> {
    let to = match call.op.as_str() {
        "CastLike" => call.input(1)?.types[0].dtype,
        _ => element(call.attributes.take_int("to", 0)?, "to")?,
    };
    // Says what becomes of 8-bit floats, which are refused.
    call.attributes.take_int("saturate", 1)?;
    importer.nothing_left(&call)?;
    if call.input(0)?.types[0].dtype == to {
        return Ok(vec![call.input(0)?.clone()]);
    }
    importer.push(imagine_graph::Cast { to }.into(), &call.inputs[..1], &call.outputs, &call.node)
}

fn element(code: i64, name: &str) -> Result<DType> {
    let found = i32::try_from(code).ok().and_then(ElementType::from_code);
    found.map(ElementType::dtype).ok_or_else(|| bad(name, format!("is element type {code}, which is not supported")))
}

/// Outside training `Dropout` changes nothing, and its mask is true everywhere.
fn dropout(importer: &mut Importer, mut call: Call) -> Result<Vec<Value>> {
    let training = match call.attributes.take("training_mode") {
        None => false,
        Some(Attribute::Known(known)) => known.iter().any(|array| array.to_floats().iter().any(|&v| v != 0.0)),
        Some(_) => return Err(bad("training_mode", "must be an input")),
    };
    if training {
        return Err(NodeFault::Form { reason: "is in training mode: export the model for inference" });
    }
    call.attributes.take("ratio");
    call.attributes.take("seed");
    importer.nothing_left(&call)?;
    let data = call.input(0)?.clone();
    let mut values = vec![data.clone()];
    if call.outputs.get(1).is_some_and(|name| !name.is_empty()) {
        let yes = Array { shape: Vec::new(), elements: Elements::Bool(vec![true]) };
        let yes = Value::constant("", yes, data.types.len());
        let op = imagine_graph::Expand { shape: importer.shape_of(&data)? };
        values.push(importer.between(op, &[&yes], &call.node)?);
    }
    Ok(values)
}

fn constant_of_shape(importer: &Importer, call: &mut Call) -> Result<()> {
    let value = match call.attributes.take("value") {
        Some(Attribute::Tensor(tensor)) if tensor.len() == 1 => Rc::new(tensor.pick(Vec::new(), std::iter::once(0))),
        Some(_) => return Err(bad("value", "must be a tensor of one element")),
        None => Rc::new(Array { shape: Vec::new(), elements: Elements::Float(vec![0.0]) }),
    };
    call.op = "Expand".into();
    call.inputs = vec![Some(Value::known("", vec![value; importer.probes.0.len()]))];
    Ok(())
}

/// A bound of infinity is none.
fn clip(call: &mut Call) {
    for (name, none) in [("min", f32::NEG_INFINITY), ("max", f32::INFINITY)] {
        let value = match call.attributes.0.get(name) {
            Some(Attribute::Known(known)) => known[0].to_floats().first().copied(),
            Some(Attribute::Float(value)) => Some(*value),
            _ => None,
        };
        if value == Some(none) {
            call.attributes.take(name);
        }
    }
}

/// Training has more outputs and a running mean; neither is there outside it.
fn batch_normalization(call: &mut Call) -> Result<()> {
    call.attributes.take_float("momentum", 0.9)?;
    if call.attributes.take_int("training_mode", 0)? != 0 {
        return Err(NodeFault::Form { reason: "is in training mode: export the model for inference" });
    }
    if call.attributes.take_int("spatial", 1)? != 1 {
        return Err(bad("spatial", "must be 1: one mean and variance for each channel"));
    }
    Ok(())
}

/// ONNX's seed of a node becomes its stream: equal seeds draw equal numbers, and nodes without one differ.
fn random(importer: &mut Importer, call: &mut Call) -> Result<()> {
    let seed = call.attributes.has("seed").then(|| call.attributes.take_float("seed", 0.0)).transpose()?;
    let stream = seed.map_or(importer.streams, f32::to_bits);
    importer.streams = importer.streams.wrapping_add(1);
    call.attributes.set("stream", Attribute::Int(i64::from(stream)));
    let like = call.op.strip_suffix("Like").map(String::from);
    let data = if like.is_some() || call.op == "Bernoulli" { Some(call.input(0)?.clone()) } else { None };
    let natural = data.as_ref().map_or(DType::F32, |value| value.types[0].dtype);
    let dtype = match call.attributes.take("dtype") {
        None => natural,
        Some(Attribute::Int(code)) => element(code, "dtype")?,
        Some(_) => return Err(bad("dtype", "must be an integer")),
    };
    if let Some(data) = data {
        call.attributes.set("shape", known(&shapes(&data)));
    }
    if call.op == "Bernoulli" {
        let name = match dtype {
            DType::F32 => "f32",
            DType::I32 => "i32",
            DType::Bool => "bool",
        };
        call.attributes.set("dtype", Attribute::Text(name.into()));
    } else if dtype != DType::F32 {
        return Err(bad("dtype", "must be a float type"));
    }
    if let Some(op) = like {
        call.op = op;
        call.inputs.clear();
    }
    Ok(())
}

/// Which axes an empty list means: all, or none if `noop_with_empty_axes`.
fn reduce(importer: &Importer, call: &mut Call) -> Result<()> {
    let mut empty = true;
    for probe in 0..importer.probes.0.len() {
        empty &= call.attributes.ints("axes", probe)?.is_none_or(|axes| axes.is_empty());
    }
    if empty {
        call.attributes.take("axes");
    }
    if !empty || call.attributes.int("noop_with_empty_axes", 0)? == Some(0) {
        call.attributes.take("noop_with_empty_axes");
    }
    Ok(())
}
