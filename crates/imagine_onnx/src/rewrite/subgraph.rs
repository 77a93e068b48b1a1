//! What the rewrites share: adding the operators of the subgraph that replaces one node.

use std::rc::Rc;

use imagine_graph::{Dim, Op, Reshape};

use crate::array::Array;
use crate::attributes::Attribute;
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::Value;

type Result<T> = std::result::Result<T, NodeFault>;

/// Longest axis whose indices a graph stores as a list.
const MAX_POSITIONS: usize = 1 << 16;

/// Adds the operators that replace the node called `name`.
pub(super) struct Subgraph<'i, 'a> {
    pub importer: &'i mut Importer<'a>,
    pub name: &'i str,
}

impl Subgraph<'_, '_> {
    pub fn op(&mut self, op: impl Into<Op>, inputs: &[&Value]) -> Result<Value> {
        self.importer.intermediate(op, inputs, self.name)
    }

    pub fn number(&self, value: f32) -> Value {
        self.importer.floats(&[], vec![value])
    }

    pub fn reshape(&mut self, value: &Value, shape: impl Fn(&[usize]) -> Vec<usize>) -> Result<Value> {
        let shapes: Vec<Vec<usize>> = value.types.iter().map(|found| shape(&found.shape)).collect();
        let reshape = reshape_to(self.importer, &shapes, None)?;
        self.op(reshape, &[value])
    }
}

/// The reshape to `shapes[p]` at probe `p`. At most one dimension has no expression and is inferred, else `inferred`.
pub(super) fn reshape_to(importer: &Importer, shapes: &[Vec<usize>], inferred: Option<usize>) -> Result<Reshape> {
    let fault = || importer.probes.inexpressible("shape", shapes);
    if shapes.iter().any(|shape| shape.len() != shapes[0].len()) {
        return Err(fault());
    }
    let dims: Vec<Option<Dim>> = (0..shapes[0].len())
        .map(|axis| importer.probes.dim(&shapes.iter().map(|shape| shape[axis]).collect::<Vec<_>>()))
        .collect();
    let mut unknown = (0..dims.len()).filter(|&axis| dims[axis].is_none());
    let infer = unknown.next().or(inferred);
    if unknown.next().is_some() {
        return Err(fault());
    }
    let dim = |(axis, dim): (usize, Option<Dim>)| match dim {
        Some(dim) if infer != Some(axis) => dim,
        _ => Dim::Fixed(1),
    };
    Ok(Reshape { shape: dims.into_iter().enumerate().map(dim).collect(), infer })
}

/// The indices `first, first + 1, ..` along an axis of `lengths[p]` elements at probe `p`.
pub(super) fn positions(lengths: impl Iterator<Item = usize>, first: usize) -> Result<Value> {
    let list = |length: usize| {
        let numbers = || (first as i64..).take(length).collect();
        (length <= MAX_POSITIONS).then(|| Rc::new(Array::ints(&[length], numbers())))
    };
    let lists: Option<Vec<_>> = lengths.map(list).collect();
    let reason = "counts along an axis of more than 65536 elements";
    Ok(Value::known("positions", lists.ok_or(NodeFault::Unsupported { reason })?))
}

/// A list of integers for each probe size.
pub(super) fn lists(lists: &[Vec<i64>]) -> Attribute {
    Attribute::Input(lists.iter().map(|list| Rc::new(Array::ints(&[list.len()], list.clone()))).collect())
}

pub(super) fn first_output(values: Vec<Value>) -> Result<Value> {
    values.into_iter().next().ok_or(NodeFault::Unsupported { reason: "has no output" })
}
