//! Concatenation without copies: operands of `Concat` that their own kernels write in place.
//!
//! If every axis before the concatenated one has length 1, an operand is one contiguous range of the result. Its kernel can
//! write there directly if the range begins at a binding's alignment and the plan is free to place the operand. Inputs,
//! states, known values, operands of another `Concat` and values of another precision are copied as usual. Concatenations nest.

use std::collections::{HashMap, HashSet};

use imagine_graph::{Op, OutputKind, ValidNode, ValueId, ValueSource};

use super::lowered_graph::{LoweredGraph, SubBuffer};
use crate::analysis::arena::ALIGNMENT;
use crate::kernel::KernelCall;

/// Operands that are written in place, and the indices of the calls that would copy them.
#[derive(Debug, Default)]
pub(super) struct InPlaceConcat {
    pub sub_buffers: HashMap<ValueId, SubBuffer>,
    copies: HashSet<usize>,
}

impl InPlaceConcat {
    /// `concats` maps the index of every `Concat` node to the index of its first call.
    pub fn find(lowered: &LoweredGraph, concats: &HashMap<usize, usize>) -> Self {
        let mut found = Self::default();
        for (index, node) in lowered.bound.graph.nodes().iter().enumerate() {
            let (Op::Concat(op), Some(&first)) = (&node.op, concats.get(&index)) else { continue };
            let shape = &lowered.bound.value_type(node.outputs[0]).shape;
            let axis = op.axis(shape.len()).expect("the shape rule accepted the axis");
            if shape[..axis].iter().product::<usize>() == 1 {
                found.add(lowered, node, first);
            }
        }
        found
    }

    /// `calls` without the copies that are not needed.
    pub fn without_copies(&self, calls: Vec<KernelCall>) -> Vec<KernelCall> {
        let calls = calls.into_iter().enumerate().filter(|(index, _)| !self.copies.contains(index));
        calls.map(|(_, call)| call).collect()
    }

    /// `Concat` has one call per operand, in order.
    fn add(&mut self, lowered: &LoweredGraph, node: &ValidNode, first: usize) {
        let parent = node.outputs[0];
        let mut offset = 0;
        for (operand, value) in node.inputs.iter().flatten().enumerate() {
            let root = lowered.roots[value.0];
            let same_precision = lowered.half.contains(&root) == lowered.half.contains(&parent);
            let fits = offset % ALIGNMENT == 0 && same_precision && !lowered.known.contains_key(value);
            if fits && !self.sub_buffers.contains_key(&root) && is_movable(lowered, root) {
                self.sub_buffers.insert(root, SubBuffer { parent, offset });
                self.copies.insert(first + operand);
            }
            let elements = lowered.bound.value_type(*value).elements() as u64;
            offset += if lowered.half.contains(&parent) { 2 * elements } else { 4 * elements };
        }
    }
}

/// Whether a call writes `root`, and the plan alone decides where.
fn is_movable(lowered: &LoweredGraph, root: ValueId) -> bool {
    let graph = lowered.bound.graph;
    let is_state = graph
        .graph()
        .outputs
        .iter()
        .zip(graph.outputs())
        .any(|(output, value)| output.kind == OutputKind::State && lowered.roots[value.0] == root);
    matches!(graph.source(root), ValueSource::Node(_)) && !is_state
}
