//! Operators and outputs that a graph does not have, made of several that it has.

use imagine_graph::{
    Abs, Add, Cast, DType, Expand, Mul, Pow, Reciprocal, ReduceL1, ReduceL2, ReduceMean, ReduceSum, Sqrt, Sub, Trilu,
    Where,
};

use super::{element, first};
use crate::array::{Array, Elements};
use crate::attributes::{Attribute, bad};
use crate::convert::{Call, Importer, Value};
use crate::error::NodeFault;

type Result<T> = std::result::Result<T, NodeFault>;

/// The diagonal is what is on or above it and on or below it in a tensor of ones.
pub(super) fn eye_like(importer: &mut Importer, mut call: Call) -> Result<Vec<Value>> {
    let data = call.input(0)?.clone();
    let to = match call.attributes.take("dtype") {
        None => data.types[0].dtype,
        Some(Attribute::Int(code)) => element(code, "dtype")?,
        Some(_) => return Err(bad("dtype", "must be an integer")),
    };
    let k = call.attributes.take_int("k", 0)?;
    importer.nothing_left(&call)?;
    let elements = match to {
        DType::F32 => Elements::Float(vec![1.0]),
        DType::I32 => Elements::Int(vec![1]),
        DType::Bool => Elements::Bool(vec![true]),
    };
    let one = Value::constant("", Array { shape: Vec::new(), elements }, data.types.len());
    let ones = importer.between(Expand { shape: importer.shape_of(&data)? }, &[&one], &call.node)?;
    let above = importer.between(Trilu { upper: true, k }, &[&ones], &call.node)?;
    importer.push(Trilu { upper: false, k }.into(), &[Some(above)], &call.outputs, &call.node)
}

/// A graph's padding is finite: `value` takes its place where a padded tensor of truth values says that it is outside.
pub(super) fn pad_with(importer: &mut Importer, call: Call, value: f32) -> Result<Vec<Value>> {
    let data = call.input(0)?.clone();
    if matches!(call.attributes.0.get("mode"), Some(Attribute::Text(mode)) if mode != "constant") {
        return importer.emit(call);
    }
    let yes = Array { shape: Vec::new(), elements: Elements::Bool(vec![true]) };
    let yes = Value::constant("", yes, data.types.len());
    let inside = importer.between(Expand { shape: importer.shape_of(&data)? }, &[&yes], &call.node)?;
    let pad = |data: Value| Call { inputs: vec![Some(data)], outputs: vec![String::new()], ..call.clone() };
    let inside = first(importer.emit(pad(inside))?)?;
    let padded = first(importer.emit(pad(data))?)?;
    let outside = importer.floats(&[], vec![value]);
    let inputs = [inside, padded, outside].map(Some);
    importer.push(Where {}.into(), &inputs, &call.outputs, &call.node)
}

/// The norm of all elements of each channel.
pub(super) fn global_lp_pool(importer: &mut Importer, mut call: Call) -> Result<Vec<Value>> {
    let data = call.input(0)?.clone();
    let p = call.attributes.take_int("p", 2)?;
    importer.nothing_left(&call)?;
    let axes: Vec<i64> = (2..data.types[0].shape.len() as i64).collect();
    let (keepdims, noop_with_empty_axes) = (true, true);
    let norm = match p {
        1 => ReduceL1 { axes, keepdims, noop_with_empty_axes }.into(),
        2 => ReduceL2 { axes, keepdims, noop_with_empty_axes }.into(),
        3..=16 => {
            let [order, root] = [p as f32, 1.0 / p as f32].map(|number| importer.floats(&[], vec![number]));
            let sizes = importer.between(Abs {}, &[&data], &call.node)?;
            let powers = importer.between(Pow {}, &[&sizes, &order], &call.node)?;
            let sum = ReduceSum { axes, keepdims, noop_with_empty_axes };
            let sum = importer.between(sum, &[&powers], &call.node)?;
            return importer.push(Pow {}.into(), &[Some(sum), Some(root)], &call.outputs, &call.node);
        }
        _ => return Err(bad("p", "must be 1 to 16")),
    };
    importer.push(norm, &[Some(data)], &call.outputs, &call.node)
}

/// Mean and inverse standard deviation, where somebody reads them, are computed beside the normalisation.
pub(super) fn layer_normalization(importer: &mut Importer, call: Call) -> Result<Vec<Value>> {
    let data = call.input(0)?.clone();
    let (axis, epsilon) = {
        let mut attributes = call.attributes.clone();
        (attributes.take_int("axis", -1)?, attributes.take_float("epsilon", 1e-5)?)
    };
    let mut values = importer.emit(Call { outputs: call.outputs[..1].to_vec(), ..call.clone() })?;
    let read = |index: usize| call.outputs.get(index).filter(|name| !name.is_empty());
    if read(1).or(read(2)).is_none() {
        return Ok(values);
    }
    let rank = data.types[0].shape.len() as i64;
    let axes: Vec<i64> = (if axis < 0 { axis.saturating_add(rank) } else { axis }..rank).collect();
    let mean_of = || ReduceMean { axes: axes.clone(), keepdims: true, noop_with_empty_axes: false };
    let name = |index: usize| [read(index).cloned().unwrap_or_default()];
    let mean = first(importer.push(mean_of().into(), &[Some(data.clone())], &name(1), &call.node)?)?;
    values.push(mean.clone());
    if read(2).is_some() {
        let centered = importer.between(Sub {}, &[&data, &mean], &call.node)?;
        let squares = importer.between(Mul {}, &[&centered, &centered], &call.node)?;
        let variance = importer.between(mean_of(), &[&squares], &call.node)?;
        let epsilon = importer.floats(&[], vec![epsilon]);
        let variance = importer.between(Add {}, &[&variance, &epsilon], &call.node)?;
        let deviation = importer.between(Sqrt {}, &[&variance], &call.node)?;
        values.extend(importer.push(Reciprocal {}.into(), &[Some(deviation)], &name(2), &call.node)?);
    }
    Ok(values)
}

/// Bytes are pooled as floats, which hold them all.
pub(super) fn max_pool(importer: &mut Importer, mut call: Call) -> Result<Vec<Value>> {
    if call.outputs.get(1).is_some_and(|name| !name.is_empty()) {
        call.attributes.set("indices", Attribute::Int(1));
    } else {
        // The order of indices does not matter without them.
        call.attributes.take_int("storage_order", 0)?;
    }
    let data = call.input(0)?.clone();
    if data.types[0].dtype != DType::I32 {
        return importer.emit(call);
    }
    let floats = importer.between(Cast { to: DType::F32 }, &[&data], &call.node)?;
    let mut outputs = call.outputs.clone();
    let name = std::mem::take(&mut outputs[0]);
    let mut values = importer.emit(Call { inputs: vec![Some(floats)], outputs, ..call.clone() })?;
    let largest = Some(first(values.clone())?);
    values[0] = first(importer.push(Cast { to: DType::I32 }.into(), &[largest], &[name], &call.node)?)?;
    Ok(values)
}
