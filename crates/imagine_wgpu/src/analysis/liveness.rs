//! Liveness: which nodes are needed, how often values are read, and which values share bytes.

use std::borrow::Cow;
use std::collections::HashMap;

use imagine_graph::{BoundGraph, Class, Op, Tensor, ValueId};

/// Values known at planning time: weights, constants and views of them.
pub type KnownValues<'a> = HashMap<ValueId, Cow<'a, Tensor>>;

/// Which nodes are live, and how often each value is read.
pub struct ValueUses {
    /// For every node: whether an output depends on it.
    pub live: Vec<bool>,
    /// For every value: the number of live nodes and graph outputs that read it.
    pub count: Vec<usize>,
}

impl ValueUses {
    /// Counts the uses of every value of `bound`.
    pub fn new(bound: &BoundGraph) -> Self {
        let graph = bound.graph;
        let mut count = vec![0; graph.value_count()];
        let mut live = vec![false; graph.nodes().len()];
        for output in graph.outputs() {
            count[output.0] += 1;
        }
        for (index, node) in graph.nodes().iter().enumerate().rev() {
            live[index] = node.outputs.iter().any(|output| count[output.0] > 0);
            if live[index] {
                node.inputs.iter().flatten().for_each(|input| count[input.0] += 1);
            }
        }
        Self { live, count }
    }
}

/// For every value the one whose bytes it shares (itself, or what it is a view of), and all values known at planning time.
pub fn resolve_views<'a>(bound: &BoundGraph<'a>) -> (Vec<ValueId>, KnownValues<'a>) {
    let graph = bound.graph;
    let mut roots: Vec<ValueId> = (0..graph.value_count()).map(ValueId).collect();
    let weights = roots.iter().filter_map(|&value| Some((value, Cow::Borrowed(graph.weight(value)?))));
    let mut known: KnownValues = weights.collect();
    for node in graph.nodes() {
        let output = node.outputs[0];
        match (&node.op, node.inputs.first().copied().flatten()) {
            (Op::Constant(constant), _) => {
                known.insert(output, Cow::Owned(constant.value.clone()));
            }
            (op, Some(input)) if op.info().class == Class::View => {
                if let Some(tensor) = known.get(&input) {
                    let shape = bound.value_type(output).shape.clone();
                    let view = Tensor { shape, data: tensor.data.clone() };
                    known.insert(output, Cow::Owned(view));
                } else {
                    roots[output.0] = roots[input.0];
                }
            }
            _ => {}
        }
    }
    (roots, known)
}
