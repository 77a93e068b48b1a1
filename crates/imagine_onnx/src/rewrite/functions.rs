//! ONNX functions that a graph expresses by their formula.

use imagine_graph::{
    Abs, Add, ArgMax, AveragePool, Cast, Cos, DType, Div, Elu, Equal, Exp, Greater, Less, Log, Mul, Neg, Not, Op, Pow,
    Sigmoid, Sign, Sin, Slice, Sqrt, Squeeze, Sub, Unsqueeze, Where,
};

use super::subgraph::{Subgraph, positions};
use super::table::Table;
use crate::array::Array;
use crate::attributes::{Attribute, axis_from_front, invalid, is_constant};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// Operators that [`convert`] handles.
pub(super) const TABLE: Table = &[
    ("Acosh", convert),
    ("Asinh", convert),
    ("Atanh", convert),
    ("Celu", convert),
    ("Cosh", convert),
    ("Hardmax", convert),
    ("IsInf", convert),
    ("IsNaN", convert),
    ("LRN", convert),
    ("OneHot", convert),
    ("Shrink", convert),
    ("Sinh", convert),
    ("Swish", convert),
    ("Tan", convert),
];

/// The last operator of a formula and its inputs.
type FinalOp = (Op, Vec<Value>);

/// Adds a function to the graph.
pub(super) fn convert(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let x = node.input(0)?.clone();
    let name = node.name.clone();
    let mut graph = Subgraph { importer, name: &name };
    let (op, inputs) = match node.op.as_str() {
        "Celu" => {
            let alpha = node.attributes.take_float("alpha", 1.0)?;
            let alpha = graph.number(alpha);
            let scaled = graph.op(Div {}, &[&x, &alpha])?;
            (Mul {}.into(), vec![graph.op(Elu { alpha: 1.0 }, &[&scaled])?, alpha])
        }
        "Swish" => {
            let alpha = node.attributes.take_float("alpha", 1.0)?;
            let alpha = graph.number(alpha);
            let scaled = graph.op(Mul {}, &[&x, &alpha])?;
            (Mul {}.into(), vec![x, graph.op(Sigmoid {}, &[&scaled])?])
        }
        "Shrink" => {
            let (bias, limit) = (node.attributes.take_float("bias", 0.0)?, node.attributes.take_float("lambd", 0.5)?);
            graph.shrink(x, bias, limit)?
        }
        "IsNaN" => (Not {}.into(), vec![graph.op(Equal {}, &[&x, &x])?]),
        "IsInf" => {
            let negative = node.attributes.take_int("detect_negative", 1)? != 0;
            let positive = node.attributes.take_int("detect_positive", 1)? != 0;
            let (either, limit) = (negative && positive, if positive { f32::INFINITY } else { f32::NEG_INFINITY });
            // Nothing equals NaN.
            let limit = graph.number(if negative || positive { limit } else { f32::NAN });
            (Equal {}.into(), vec![if either { graph.op(Abs {}, &[&x])? } else { x }, limit])
        }
        "Hardmax" => {
            let axis = node.attributes.take_int("axis", -1)?;
            graph.hardmax(x, axis)?
        }
        "OneHot" => {
            let axis = node.attributes.take_int("axis", -1)?;
            // ONNX allows a float here.
            let depth = match node.attributes.take("depth") {
                Some(Attribute::Input(known)) if is_constant(&known) && known[0].len() == 1 => known[0].to_floats()[0],
                _ => return Err(invalid("depth", "must be one number, which does not depend on the size")),
            };
            graph.one_hot(x, node.input(1)?, axis, depth)?
        }
        "LRN" => {
            let (alpha, beta) = (node.attributes.take_float("alpha", 1e-4)?, node.attributes.take_float("beta", 0.75)?);
            let (bias, size) = (node.attributes.take_float("bias", 1.0)?, node.attributes.take_int("size", 0)?);
            graph.response_normalization(x, [alpha, beta, bias], size)?
        }
        name => graph.hyperbolic(name, x)?,
    };
    node.reject_unknown_attributes()?;
    let inputs: Vec<_> = inputs.into_iter().map(Some).collect();
    importer.emit_op(op, &inputs, &node.outputs, &node.name)
}

impl Subgraph<'_, '_> {
    /// The indices 0, 1, .. along an axis of `lengths[p]` elements at probe `p`, followed by `behind` dimensions of 1.
    fn positions(&mut self, lengths: impl Iterator<Item = usize>, behind: usize) -> Result<Value> {
        let positions = positions(lengths, 0)?;
        let axes: Vec<i64> = (1..=behind as i64).collect();
        if behind == 0 { Ok(positions) } else { self.op(Unsqueeze { axes }, &[&positions]) }
    }

    /// Tangent, and hyperbolic functions and their inverses.
    fn hyperbolic(&mut self, name: &str, x: Value) -> Result<FinalOp> {
        let (one, half) = (self.number(1.0), self.number(0.5));
        Ok(match name {
            "Tan" => (Div {}.into(), vec![self.op(Sin {}, &[&x])?, self.op(Cos {}, &[&x])?]),
            "Sinh" | "Cosh" => {
                let grows = self.op(Exp {}, &[&x])?;
                let negative = self.op(Neg {}, &[&x])?;
                let falls = self.op(Exp {}, &[&negative])?;
                let op: Op = if name == "Sinh" { Sub {}.into() } else { Add {}.into() };
                (Mul {}.into(), vec![self.op(op, &[&grows, &falls])?, half])
            }
            "Atanh" => {
                let (above, below) = (self.op(Add {}, &[&one, &x])?, self.op(Sub {}, &[&one, &x])?);
                let quotient = self.op(Div {}, &[&above, &below])?;
                (Mul {}.into(), vec![self.op(Log {}, &[&quotient])?, half])
            }
            "Asinh" | "Acosh" => {
                let size = self.op(Abs {}, &[&x])?;
                let square = self.op(Mul {}, &[&x, &x])?;
                let shift: Op = if name == "Asinh" { Add {}.into() } else { Sub {}.into() };
                let shifted = self.op(shift, &[&square, &one])?;
                let root = self.op(Sqrt {}, &[&shifted])?;
                if name == "Acosh" {
                    return Ok((Log {}.into(), vec![self.op(Add {}, &[&x, &root])?]));
                }
                let sum = self.op(Add {}, &[&size, &root])?;
                (Mul {}.into(), vec![self.op(Sign {}, &[&x])?, self.op(Log {}, &[&sum])?])
            }
            _ => return Err(NodeFault::UnknownOperator),
        })
    }

    /// `x` moved by `bias` towards zero where it is farther from zero than `limit`, else 0.
    fn shrink(&mut self, x: Value, bias: f32, limit: f32) -> Result<FinalOp> {
        let [zero, bias, low, high] = [0.0, bias, -limit, limit].map(|value| self.number(value));
        let (below, above) = (self.op(Less {}, &[&x, &low])?, self.op(Greater {}, &[&x, &high])?);
        let (raised, lowered) = (self.op(Add {}, &[&x, &bias])?, self.op(Sub {}, &[&x, &bias])?);
        let upper = self.op(Where {}, &[&above, &lowered, &zero])?;
        Ok((Where {}.into(), vec![below, raised, upper]))
    }

    /// 1 at the first maximum along `axis`, else 0.
    fn hardmax(&mut self, x: Value, axis: i64) -> Result<FinalOp> {
        let rank = x.rank();
        let index = axis_from_front("axis", axis, rank)?;
        let largest = self.op(ArgMax { axis, keepdims: true, select_last_index: false }, &[&x])?;
        let lengths: Vec<usize> = x.types.iter().map(|found| found.shape[index]).collect();
        let positions = self.positions(lengths.into_iter(), rank - 1 - index)?;
        let hit = self.op(Equal {}, &[&largest, &positions])?;
        Ok((Cast::to(DType::F32).into(), vec![hit]))
    }

    /// `values[1]` where the index is the position along the new axis, else `values[0]`.
    fn one_hot(&mut self, indices: Value, values: &Value, axis: i64, depth: f32) -> Result<FinalOp> {
        let rank = indices.rank() + 1;
        let index = axis_from_front("axis", axis, rank)?;
        if !(1.0..=65536.0).contains(&depth) || depth.fract() != 0.0 {
            return Err(invalid("depth", "must be a whole number of 1 to 65536"));
        }
        let depth = depth as usize;
        let whole = match indices.types[0].dtype {
            DType::I32 => indices,
            _ => self.op(Cast::to(DType::I32), &[&indices])?,
        };
        let column = self.op(Unsqueeze { axes: vec![index as i64] }, &[&whole])?;
        let probes = self.importer.probes.len();
        let number = |value: usize| Value::constant("", Array::ints(&[], vec![value as i64]), probes);
        let (zero, count) = (number(0), number(depth));
        let wrapped = self.op(Add {}, &[&column, &count])?;
        let negative = self.op(Less {}, &[&column, &zero])?;
        let place = self.op(Where {}, &[&negative, &wrapped, &column])?;
        let positions = self.positions(std::iter::repeat_n(depth, probes), rank - 1 - index)?;
        let hit = self.op(Equal {}, &[&place, &positions])?;
        let mut value = |at: i64| {
            let op = Slice { starts: vec![at], ends: vec![at + 1], axes: vec![0], steps: Vec::new() };
            self.op(op, &[values])
        };
        let (off, on) = (value(0)?, value(1)?);
        Ok((Where {}.into(), vec![hit, on, off]))
    }

    /// `x / (bias + alpha * mean of the squares of size neighbouring channels)^beta`.
    fn response_normalization(&mut self, x: Value, [alpha, beta, bias]: [f32; 3], size: i64) -> Result<FinalOp> {
        let rank = x.rank();
        let size = usize::try_from(size).ok().filter(|size| (1..=4096).contains(size));
        let size = size.ok_or_else(|| invalid("size", "must be 1 to 4096"))?;
        if !(3..=4).contains(&rank) {
            return Err(NodeFault::Unsupported { reason: "needs an input of rank 3 or 4" });
        }
        let square = self.op(Mul {}, &[&x, &x])?;
        // The pool slides over the channels.
        let apart = self.op(Unsqueeze { axes: vec![1] }, &[&square])?;
        let along = |channels: usize, other: usize| {
            let mut numbers = vec![other; rank - 1];
            numbers[0] = channels;
            numbers
        };
        let pads = [along((size - 1) / 2, 0), along(size / 2, 0)].concat();
        let pool =
            AveragePool { kernel_shape: along(size, 1), pads, count_include_pad: true, ..AveragePool::default() };
        let mean = self.op(pool, &[&apart])?;
        let mean = self.op(Squeeze { axes: vec![1] }, &[&mean])?;
        let [alpha, beta, bias] = [alpha, beta, bias].map(|value| self.number(value));
        let scaled = self.op(Mul {}, &[&mean, &alpha])?;
        let sum = self.op(Add {}, &[&scaled, &bias])?;
        Ok((Div {}.into(), vec![x, self.op(Pow {}, &[&sum, &beta])?]))
    }
}
