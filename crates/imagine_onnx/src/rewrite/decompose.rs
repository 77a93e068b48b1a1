//! Operators and outputs that a graph lacks, decomposed into operators that it has.

use imagine_graph::{
    Abs, Add, Cast, DType, Expand, Mul, Pow, Reciprocal, ReduceL1, ReduceL2, ReduceMean, ReduceSum, Sqrt, Sub, Trilu,
};

use super::subgraph::first_output;
use crate::array::{Array, Elements};
use crate::attributes::{Attribute, invalid};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// `EyeLike`: the upper triangle of the lower triangle of ones.
pub(super) fn eye_like(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let data = node.input(0)?.clone();
    let to = node.attributes.take_dtype("dtype")?.unwrap_or(data.types[0].dtype);
    let k = node.attributes.take_int("k", 0)?;
    node.reject_unknown_attributes()?;
    let elements = match to {
        DType::F32 => Elements::Float(vec![1.0]),
        DType::I32 => Elements::Int(vec![1]),
        DType::Bool => Elements::Bool(vec![true]),
    };
    let one = Value::constant("", Array { shape: Vec::new(), elements }, data.types.len());
    let ones = importer.intermediate(Expand { shape: importer.shape_of(&data)? }, &[&one], &node.name)?;
    let above = importer.intermediate(Trilu { upper: true, k }, &[&ones], &node.name)?;
    importer.emit_op(Trilu { upper: false, k }.into(), &[Some(above)], &node.outputs, &node.name)
}

/// The norm of all elements of each channel.
pub(super) fn global_lp_pool(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let data = node.input(0)?.clone();
    let p = node.attributes.take_int("p", 2)?;
    node.reject_unknown_attributes()?;
    let axes: Vec<i64> = (2..data.rank() as i64).collect();
    let (keepdims, noop_with_empty_axes) = (true, true);
    let norm = match p {
        1 => ReduceL1 { axes, keepdims, noop_with_empty_axes }.into(),
        2 => ReduceL2 { axes, keepdims, noop_with_empty_axes }.into(),
        3..=16 => {
            let [order, root] = [p as f32, 1.0 / p as f32].map(|number| importer.floats(&[], vec![number]));
            let sizes = importer.intermediate(Abs {}, &[&data], &node.name)?;
            let powers = importer.intermediate(Pow {}, &[&sizes, &order], &node.name)?;
            let sum = ReduceSum { axes, keepdims, noop_with_empty_axes };
            let sum = importer.intermediate(sum, &[&powers], &node.name)?;
            return importer.emit_op(Pow {}.into(), &[Some(sum), Some(root)], &node.outputs, &node.name);
        }
        _ => return Err(invalid("p", "must be 1 to 16")),
    };
    importer.emit_op(norm, &[Some(data)], &node.outputs, &node.name)
}

/// Computes mean and inverse standard deviation beside the normalisation if anything reads them.
pub(super) fn layer_normalization(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    let data = node.input(0)?.clone();
    let (axis, epsilon) = {
        let mut attributes = node.attributes.clone();
        (attributes.take_int("axis", -1)?, attributes.take_float("epsilon", 1e-5)?)
    };
    let mut values = importer.emit_node(OnnxNode { outputs: node.outputs[..1].to_vec(), ..node.clone() })?;
    let read = |index: usize| node.outputs.get(index).filter(|name| !name.is_empty());
    if read(1).or(read(2)).is_none() {
        return Ok(values);
    }
    let rank = data.rank() as i64;
    let axes: Vec<i64> = (if axis < 0 { axis.saturating_add(rank) } else { axis }..rank).collect();
    let mean_of = || ReduceMean { axes: axes.clone(), keepdims: true, noop_with_empty_axes: false };
    let name = |index: usize| [read(index).cloned().unwrap_or_default()];
    let mean = first_output(importer.emit_op(mean_of().into(), &[Some(data.clone())], &name(1), &node.name)?)?;
    values.push(mean.clone());
    if read(2).is_some() {
        let centered = importer.intermediate(Sub {}, &[&data, &mean], &node.name)?;
        let squares = importer.intermediate(Mul {}, &[&centered, &centered], &node.name)?;
        let variance = importer.intermediate(mean_of(), &[&squares], &node.name)?;
        let epsilon = importer.floats(&[], vec![epsilon]);
        let variance = importer.intermediate(Add {}, &[&variance, &epsilon], &node.name)?;
        let deviation = importer.intermediate(Sqrt {}, &[&variance], &node.name)?;
        values.extend(importer.emit_op(Reciprocal {}.into(), &[Some(deviation)], &name(2), &node.name)?);
    }
    Ok(values)
}

/// Pools integers as floats: only bytes are allowed, which floats represent exactly.
pub(super) fn max_pool(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    if node.outputs.get(1).is_some_and(|name| !name.is_empty()) {
        node.attributes.set("indices", Attribute::Int(1));
    } else {
        // Without indices their order does not matter.
        node.attributes.take_int("storage_order", 0)?;
    }
    let data = node.input(0)?.clone();
    if data.types[0].dtype != DType::I32 {
        return importer.emit_node(node);
    }
    let floats = importer.intermediate(Cast::to(DType::F32), &[&data], &node.name)?;
    let mut outputs = node.outputs.clone();
    let name = std::mem::take(&mut outputs[0]);
    let mut values = importer.emit_node(OnnxNode { inputs: vec![Some(floats)], outputs, ..node.clone() })?;
    let largest = Some(first_output(values.clone())?);
    values[0] = first_output(importer.emit_op(Cast::to(DType::I32).into(), &[largest], &[name], &node.name)?)?;
    Ok(values)
}
