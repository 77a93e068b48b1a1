//! `TopK` without a sort: the rank of an element is the number of elements before it, counted for all at once.

use imagine_graph::{
    And, Cast, DType, Equal, Expand, Greater, Less, Op, Or, ReduceSum, ScatterElements, Slice, Transpose, Unsqueeze,
};

use super::subgraph::{Subgraph, first_output, positions};
use crate::attributes::{axis_from_front, invalid};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// Maximum length of the axis: every element is compared with every other.
const MAX_LENGTH: usize = 1 << 13;

/// The `k` largest or smallest elements along an axis, in order, and their indices; ties keep the input's order.
pub(super) fn top_k(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let x = node.input(0)?.clone();
    let rank = x.rank();
    let axis = axis_from_front("axis", node.attributes.take_int("axis", -1)?, rank)?;
    let largest = node.attributes.take_int("largest", 1)? != 0;
    // If any order is allowed, so is this one.
    node.attributes.take_int("sorted", 1)?;
    let lengths: Vec<usize> = x.types.iter().map(|found| found.shape[axis]).collect();
    let mut counts = Vec::new();
    for (probe, &length) in lengths.iter().enumerate() {
        counts.push(node.attributes.int("k", probe)?.unwrap_or(0));
        if !(1..=length as i64).contains(&counts[probe]) || length > MAX_LENGTH {
            return Err(invalid("k", format!("must be 1 to {length}, along an axis of at most {MAX_LENGTH}")));
        }
    }
    node.attributes.take("k");
    node.reject_unknown_attributes()?;
    // The whole of an open axis, or one number.
    let whole = counts.iter().zip(&lengths).all(|(&k, &length)| k == length as i64);
    let end = match counts.iter().all(|k| *k == counts[0]) {
        _ if whole => i64::MAX,
        true => counts[0],
        false => return Err(importer.probes.inexpressible("k", counts)),
    };
    let mut swap: Vec<usize> = (0..rank).collect();
    swap.swap(axis, rank - 1);
    let mut graph = Subgraph { importer, name: &node.name };
    let last = graph.permuted(&x, &swap)?;
    let positions = positions(lengths.iter().copied(), 0)?;
    let places = graph.places(&last, &positions, largest)?;
    let numbers = graph.importer.shape_of(&last)?;
    let numbers = graph.op(Expand { shape: numbers }, &[&positions])?;
    let outputs = [last, numbers];
    let mut values = Vec::new();
    for (index, elements) in outputs.iter().enumerate() {
        let name = node.outputs.get(index).cloned().unwrap_or_default();
        let sort = ScatterElements { axis: -1, ..ScatterElements::default() };
        let sorted = graph.op(sort, &[elements, &places, elements])?;
        let sorted = graph.permuted(&sorted, &swap)?;
        let op = Slice { starts: vec![0], ends: vec![end], axes: vec![axis as i64], steps: Vec::new() };
        values.push(first_output(graph.importer.emit_op(op.into(), &[Some(sorted)], &[name], &node.name)?)?);
    }
    Ok(values)
}

impl Subgraph<'_, '_> {
    fn permuted(&mut self, value: &Value, perm: &[usize]) -> Result<Value> {
        if perm.is_sorted() { Ok(value.clone()) } else { self.op(Transpose { perm: perm.to_vec() }, &[value]) }
    }

    /// The number of elements before each: larger ones (or smaller ones), and equal ones with a smaller index.
    fn places(&mut self, x: &Value, positions: &Value, largest: bool) -> Result<Value> {
        let (own, other) = (Unsqueeze { axes: vec![-1] }, Unsqueeze { axes: vec![-2] });
        let (a, b) = (self.op(own.clone(), &[x])?, self.op(other.clone(), &[x])?);
        let ahead: Op = if largest { Greater {}.into() } else { Less {}.into() };
        let ahead = self.op(ahead, &[&b, &a])?;
        let equal = self.op(Equal {}, &[&b, &a])?;
        let (i, j) = (self.op(own, &[positions])?, self.op(other, &[positions])?);
        let earlier = self.op(Less {}, &[&j, &i])?;
        let earlier = self.op(And {}, &[&equal, &earlier])?;
        let before = self.op(Or {}, &[&ahead, &earlier])?;
        let before = self.op(Cast::to(DType::I32), &[&before])?;
        self.op(ReduceSum { axes: vec![-1], keepdims: false, noop_with_empty_axes: false }, &[&before])
    }
}
