//! Which operands of `Concat` need no copy, because the call that makes them writes into the concatenation's place.
//!
//! Where everything before the axis has length 1, an operand is one range of the concatenation. It can be written there if
//! the range begins where a binding may, and if the plan is free to say where the operand lies: inputs, states, known values,
//! what already lies in another concatenation and numbers of another precision are copied as ever. A concatenation may itself lie in another one.

use std::collections::{HashMap, HashSet};

use imagine_graph::{Op, OutputKind, ValidNode, ValueId, ValueSource};

use super::fuse::LoweredGraph;
use crate::arena::ALIGNMENT;
use crate::kernel::KernelCall;

/// Which of another value's bytes a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The other value.
    pub of: ValueId,
    /// The first byte.
    pub offset: u64,
}

/// By value where it lies in another one; and the indices of the calls that would copy it there.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub of_value: HashMap<ValueId, Piece>,
    copies: HashSet<usize>,
}

impl Pieces {
    /// Finds the operands of `Concat` nodes; `concats` has the index of the first call of each, by the node's index.
    pub fn find(lowered: &LoweredGraph, concats: &HashMap<usize, usize>) -> Self {
        let mut pieces = Self::default();
        for (index, node) in lowered.bound.graph.nodes().iter().enumerate() {
            let (Op::Concat(op), Some(&first)) = (&node.op, concats.get(&index)) else { continue };
            let shape = &lowered.bound.value_type(node.outputs[0]).shape;
            let axis = op.axis(shape.len()).expect("the shape rule accepted the axis");
            if shape[..axis].iter().product::<usize>() == 1 {
                pieces.add(lowered, node, first);
            }
        }
        pieces
    }

    /// `calls` but for those that copy what is in its place already.
    pub fn without_copies(&self, calls: Vec<KernelCall>) -> Vec<KernelCall> {
        let calls = calls.into_iter().enumerate().filter(|(index, _)| !self.copies.contains(index));
        calls.map(|(_, call)| call).collect()
    }

    /// `Concat` has one call an operand, in order.
    fn add(&mut self, lowered: &LoweredGraph, node: &ValidNode, first: usize) {
        let whole = node.outputs[0];
        let mut offset = 0;
        for (operand, value) in node.inputs.iter().flatten().enumerate() {
            let root = lowered.roots[value.0];
            let same = lowered.half.contains(&root) == lowered.half.contains(&whole);
            let fits = offset % ALIGNMENT == 0 && same && !lowered.known.contains_key(value);
            if fits && !self.of_value.contains_key(&root) && is_free(lowered, root) {
                self.of_value.insert(root, Piece { of: whole, offset });
                self.copies.insert(first + operand);
            }
            let elements = lowered.bound.value_type(*value).elements() as u64;
            offset += if lowered.half.contains(&whole) { 2 * elements } else { 4 * elements };
        }
    }
}

/// Whether a call writes `root` at a place that only the plan knows.
fn is_free(lowered: &LoweredGraph, root: ValueId) -> bool {
    let graph = lowered.bound.graph;
    let is_state = graph
        .graph()
        .outputs
        .iter()
        .zip(graph.outputs())
        .any(|(output, value)| output.kind == OutputKind::State && lowered.roots[value.0] == root);
    matches!(graph.source(root), ValueSource::Node(_)) && !is_state
}
