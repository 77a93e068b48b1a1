//! Quantized operators in floats, which hold every integer of 16 bits exactly.

use imagine_graph::{Add, Cast, Clip, DType, Div, Equal, Max, Min, Mul, ReduceMax, ReduceMin, Round, Sub, Where};

use super::subgraph::{Subgraph, first_output};
use super::table::Table;
use crate::array::Array;
use crate::attributes::{Attribute, Attributes};
use crate::element;
use crate::error::NodeFault;
use crate::fold::Granularity;
use crate::importer::Importer;
use crate::tensor::ElementType;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// The operators of this file.
pub(super) const TABLE: Table = &[
    ("QuantizeLinear", quantize),
    ("DequantizeLinear", dequantize),
    ("DynamicQuantizeLinear", quantize_dynamically),
    ("ConvInteger", conv_integer),
    ("MatMulInteger", matmul_integer),
    ("QLinearConv", conv),
    ("QLinearMatMul", matmul),
];

/// `clip(round(x / scale) + zero point)`; halves are rounded to even.
fn quantize(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let to = element::of_quantized(&node);
    let range = to.range().ok_or(NodeFault::Unsupported { reason: "must make integers of 4, 8 or 16 bits" })?;
    let granularity = granularity(&mut node)?;
    let (x, scale) = (node.input(0)?.clone(), node.input(1)?.clone());
    let zero = node.inputs.get(2).cloned().flatten();
    node.attributes.take("output_dtype");
    node.reject_unknown_attributes()?;
    let mut graph = Subgraph { importer, name: &node.name };
    let scale = graph.spread(scale, &x, granularity)?;
    let quotient = graph.op(Div {}, &[&x, &scale])?;
    let mut whole = graph.op(Round {}, &[&quotient])?;
    if let Some(zero) = zero.filter(|zero| !is_zero(zero)) {
        let zero = graph.spread(zero, &x, granularity)?;
        whole = graph.op(Add {}, &[&whole, &zero])?;
    }
    let [low, high] = range.map(|end| end as f32);
    let floats = graph.op(Clip { min: Some(low), max: Some(high) }, &[&whole])?;
    let values = importer.emit_op(Cast::to(DType::I32).into(), &[Some(floats.clone())], &node.outputs, &node.name)?;
    if let Some(name) = values[0].name.clone() {
        importer.quantized.insert(name, floats);
    }
    Ok(values)
}

/// `(x - zero point) * scale`.
fn dequantize(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let granularity = granularity(&mut node)?;
    let (x, scale) = (node.input(0)?.clone(), node.input(1)?.clone());
    let zero = node.inputs.get(2).cloned().flatten();
    node.attributes.take("output_dtype");
    node.reject_unknown_attributes()?;
    let mut graph = Subgraph { importer, name: &node.name };
    let mut floats = graph.floats(&x)?;
    if let Some(zero) = zero.filter(|zero| !is_zero(zero)) {
        let zero = graph.spread(zero, &x, granularity)?;
        floats = graph.op(Sub {}, &[&floats, &zero])?;
    }
    let scale = graph.spread(scale, &x, granularity)?;
    importer.emit_op(Mul {}.into(), &[Some(floats), Some(scale)], &node.outputs, &node.name)
}

/// 8-bit integers whose range is that of the input and 0; scale and zero point are outputs.
fn quantize_dynamically(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    node.reject_unknown_attributes()?;
    let x = node.input(0)?.clone();
    let mut graph = Subgraph { importer, name: &node.name };
    let [zero, one, levels] = [0.0, 1.0, 255.0].map(|value| graph.number(value));
    let (axes, keepdims, noop_with_empty_axes) = (Vec::new(), false, false);
    let low = graph.op(ReduceMin { axes: axes.clone(), keepdims, noop_with_empty_axes }, &[&x])?;
    let high = graph.op(ReduceMax { axes, keepdims, noop_with_empty_axes }, &[&x])?;
    let (low, high) = (graph.op(Min {}, &[&low, &zero])?, graph.op(Max {}, &[&high, &zero])?);
    let span = graph.op(Sub {}, &[&high, &low])?;
    let step = graph.op(Div {}, &[&span, &levels])?;
    let none = graph.op(Equal {}, &[&step, &zero])?;
    let scale = graph.op(Where {}, &[&none, &one, &step])?;
    let below = graph.op(Sub {}, &[&zero, &low])?;
    let below = graph.op(Div {}, &[&below, &scale])?;
    let below = graph.op(Round {}, &[&below])?;
    let below = graph.op(Clip { min: Some(0.0), max: Some(255.0) }, &[&below])?;
    let point = graph.op(Cast::to(DType::I32), &[&below])?;
    let point = Value { element: Some(ElementType::Uint8), ..point };
    let quantized = OnnxNode {
        op: "QuantizeLinear".into(),
        inputs: vec![Some(x), Some(scale.clone()), Some(point.clone())],
        outputs: node.outputs[..1].to_vec(),
        ..node
    };
    let y = first_output(quantize(importer, quantized)?)?;
    Ok(vec![Value { element: Some(ElementType::Uint8), ..y }, scale, point])
}

/// A convolution of integers less their zero points, without a scale.
fn conv_integer(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    let given = |index: usize| node.inputs.get(index).cloned().flatten();
    let x = shifted(importer, node.input(0)?, given(2), 1, &node.name)?;
    let w = shifted(importer, node.input(1)?, given(3), 0, &node.name)?;
    product(importer, "Conv", vec![Some(x), Some(w)], &node)
}

/// A matrix product of integers less their zero points, without a scale.
fn matmul_integer(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    let given = |index: usize| node.inputs.get(index).cloned().flatten();
    let rows = node.input(0)?.rank() as i64 - 2;
    let a = shifted(importer, node.input(0)?, given(2), rows, &node.name)?;
    let b = shifted(importer, node.input(1)?, given(3), -1, &node.name)?;
    product(importer, "MatMul", vec![Some(a), Some(b)], &node)
}

/// The product of floats that are integers, as integers.
fn product(importer: &mut Importer, op: &str, inputs: Vec<Option<Value>>, node: &OnnxNode) -> Result<Vec<Value>> {
    let floats = importer.part(op, node.attributes.clone(), inputs, &node.name)?;
    importer.emit_op(Cast::to(DType::I32).into(), &[Some(floats)], &node.outputs, &node.name)
}

/// Integers less their zero point as floats; the zero point may differ along `axis`.
fn shifted(importer: &mut Importer, x: &Value, zero: Option<Value>, axis: i64, name: &str) -> Result<Value> {
    let one = importer.floats(&[], vec![1.0]);
    let scale = match &zero {
        // As many scales as zero points.
        Some(zero) if zero.rank() > 0 => {
            let shape = zero.types[0].shape.clone();
            importer.floats(&shape, vec![1.0; zero.types[0].elements()])
        }
        _ => one,
    };
    importer.part("DequantizeLinear", along(axis), vec![Some(x.clone()), Some(scale), zero], name)
}

/// A convolution of dequantized data and weights, quantized again.
fn conv(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    let x = real(importer, &node, [0, 1, 2], 1)?;
    let w = real(importer, &node, [3, 4, 5], 0)?;
    let mut inputs = vec![Some(x), Some(w)];
    if let Some(bias) = node.inputs.get(8).cloned().flatten() {
        let scales = [Some(node.input(1)?.clone()), Some(node.input(4)?.clone())];
        let scale = importer.part("Mul", Attributes::default(), scales.to_vec(), &node.name)?;
        let bias = importer.part("DequantizeLinear", along(0), vec![Some(bias), Some(scale)], &node.name)?;
        inputs.push(Some(bias));
    }
    let y = importer.part("Conv", node.attributes.clone(), inputs, &node.name)?;
    quantized(importer, y, node)
}

/// A matrix product of dequantized operands, quantized again.
fn matmul(importer: &mut Importer, node: OnnxNode) -> Result<Vec<Value>> {
    node.reject_unknown_attributes()?;
    let rows = node.input(0)?.rank() as i64 - 2;
    let (a, b) = (real(importer, &node, [0, 1, 2], rows)?, real(importer, &node, [3, 4, 5], -1)?);
    let y = importer.part("MatMul", Attributes::default(), vec![Some(a), Some(b)], &node.name)?;
    quantized(importer, y, node)
}

/// Dequantizes the operand with data, scale and zero point at these inputs.
fn real(importer: &mut Importer, node: &OnnxNode, at: [usize; 3], axis: i64) -> Result<Value> {
    let inputs = at.map(|index| node.inputs.get(index).cloned().flatten()).to_vec();
    importer.part("DequantizeLinear", along(axis), inputs, &node.name)
}

fn along(axis: i64) -> Attributes {
    Attributes::one("axis", Attribute::Int(axis))
}

/// Quantizes the result of a `QLinear` operator, with scale and zero point at its inputs 6 and 7.
fn quantized(importer: &mut Importer, y: Value, node: OnnxNode) -> Result<Vec<Value>> {
    let [scale, zero] = [6, 7].map(|index| node.inputs.get(index).cloned().flatten());
    let zero_element = zero.as_ref().and_then(|zero| zero.element);
    let inputs = vec![Some(y), scale, zero];
    let op = "QuantizeLinear".to_string();
    let values = quantize(importer, OnnxNode { op, attributes: Attributes::default(), inputs, ..node })?;
    let element = zero_element.or(Some(ElementType::Uint8));
    Ok(values.into_iter().map(|value| Value { element, ..value }).collect())
}

fn granularity(node: &mut OnnxNode) -> Result<Granularity> {
    let axis = node.attributes.take_int("axis", 1)?;
    let block = node.attributes.take_int("block_size", 0)?;
    // They concern floats of 8 bits only, which are refused, and the precision of the division.
    node.attributes.take("saturate");
    node.attributes.take("precision");
    Granularity::of(node.input(0)?.shape(0), node.input(1)?.shape(0), axis, block)
}

/// Whether a zero point is known and 0.
fn is_zero(zero: &Value) -> bool {
    zero.known.as_ref().is_some_and(|known| known[0].as_ints().is_some_and(|ints| ints.iter().all(|&v| v == 0)))
}

impl Subgraph<'_, '_> {
    /// Integers as floats, without a conversion if they come from floats.
    fn floats(&mut self, x: &Value) -> Result<Value> {
        if let Some(floats) = x.name.as_ref().and_then(|name| self.importer.quantized.get(name)) {
            return Ok(floats.clone());
        }
        if x.types[0].dtype == DType::F32 { Ok(x.clone()) } else { self.op(Cast::to(DType::F32), &[x]) }
    }

    /// A scale or zero point as floats in a shape that broadcasts over `x`.
    fn spread(&mut self, value: Value, x: &Value, granularity: Granularity) -> Result<Value> {
        let mut shape = vec![1; x.rank()];
        match granularity {
            Granularity::Tensor => shape.clear(),
            Granularity::Axis(axis) => shape[axis] = value.types[0].elements(),
            Granularity::Block(..) => shape.clone_from(&x.types[0].shape),
        }
        let Some(known) = &value.known else {
            if matches!(granularity, Granularity::Block(..)) {
                return Err(NodeFault::Unsupported { reason: "needs known scales for its blocks" });
            }
            let floats = self.floats(&value)?;
            return self.reshape(&floats, |_| shape.clone());
        };
        let elements = known[0].to_floats();
        let elements = match granularity {
            Granularity::Block(..) if x.types.iter().all(|found| found.shape == shape) => {
                granularity.indices(&shape).map(|index| elements[index]).collect()
            }
            Granularity::Block(..) => {
                return Err(NodeFault::Unsupported { reason: "needs blocks in data of a fixed shape" });
            }
            _ => elements,
        };
        let array = Array { shape, elements: crate::array::Elements::Float(elements) };
        Ok(Value { weight: true, ..self.importer.constant(&value.label, array) })
    }
}
