//! One graph without memory: what is needed of it, which values are the same bytes, and the fused kernel calls.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use imagine_graph::{BoundGraph, Class, NodeId, Op, Tensor, ValidNode, ValueId};

use crate::kernel::KernelCall;
use crate::lower::{Activation, Input, LowerError, Lowering};
use crate::ops;
use crate::plan::{Fusion, automaton};

/// A graph as kernel calls.
pub(super) struct LoweredGraph<'a> {
    /// The graph.
    pub bound: &'a BoundGraph<'a>,
    /// The calls in an order in which they can run.
    pub calls: Vec<KernelCall>,
    /// For every value the one whose bytes it is: itself, or what it is a view of.
    pub roots: Vec<ValueId>,
    /// Values known when the plan is made: weights, constants and views of them.
    pub known: HashMap<ValueId, Cow<'a, Tensor>>,
}

/// What of a graph is needed, and how often.
pub(super) struct Uses {
    /// For every node whether an output depends on it.
    pub live: Vec<bool>,
    /// For every value the number of live nodes and graph outputs that read it.
    pub count: Vec<usize>,
}

pub(super) fn lower<'a>(
    bound: &'a BoundGraph<'a>,
    fusion: Fusion,
    cells: usize,
) -> Result<LoweredGraph<'a>, LowerError> {
    let graph = bound.graph;
    let mut lowered = LoweredGraph {
        bound,
        calls: Vec::new(),
        roots: (0..graph.value_count()).map(ValueId).collect(),
        known: known_weights(bound),
    };
    resolve_views(&mut lowered);
    let uses = Uses::of(bound);
    let fused = match fusion {
        Fusion::On => automaton::find(bound, &uses, &lowered.known, cells),
        Fusion::Off => None,
    };
    // Outputs of activations that their producers apply themselves.
    let mut activated: HashSet<ValueId> = HashSet::new();
    for (index, node) in graph.nodes().iter().enumerate() {
        let written = node.outputs[0];
        if !uses.live[index] || lowered.known.contains_key(&written) || lowered.roots[written.0] != written {
            continue;
        }
        if let Some(step) = fused.as_ref().filter(|step| step.nodes.contains(&NodeId(index))) {
            if step.last == NodeId(index) {
                lowered.calls.push(step.call.clone());
            }
            continue;
        }
        if activated.contains(&written) {
            continue;
        }
        let follower = match fusion {
            Fusion::On => activation_after(bound, &uses, node),
            Fusion::Off => None,
        };
        let (activation, output) =
            follower.map_or((Activation::None, None), |(activation, output)| (activation, Some(output)));
        activated.extend(output);
        let calls = ops::lower(&node.op, &lowering(&lowered, node, activation, output))?;
        lowered.calls.extend(calls);
    }
    Ok(lowered)
}

impl Uses {
    fn of(bound: &BoundGraph) -> Self {
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

fn known_weights<'a>(bound: &BoundGraph<'a>) -> HashMap<ValueId, Cow<'a, Tensor>> {
    let values = (0..bound.graph.value_count()).map(ValueId);
    values.filter_map(|value| Some((value, Cow::Borrowed(bound.graph.weight(value)?)))).collect()
}

/// Views share the bytes of what they view; views of known values and constants are known themselves.
fn resolve_views(lowered: &mut LoweredGraph) {
    let bound = lowered.bound;
    for node in bound.graph.nodes() {
        let output = node.outputs[0];
        match (&node.op, node.inputs.first().copied().flatten()) {
            (Op::Constant(constant), _) => {
                lowered.known.insert(output, Cow::Owned(constant.value.clone()));
            }
            (op, Some(input)) if op.info().class == Class::View => {
                if let Some(tensor) = lowered.known.get(&input) {
                    let shape = bound.value_type(output).shape.clone();
                    let view = Tensor { shape, data: tensor.data.clone() };
                    lowered.known.insert(output, Cow::Owned(view));
                } else {
                    lowered.roots[output.0] = lowered.roots[input.0];
                }
            }
            _ => {}
        }
    }
}

/// The activation that `node` can apply itself, with its output: the only reader of the node's only output.
fn activation_after(bound: &BoundGraph, uses: &Uses, node: &ValidNode) -> Option<(Activation, ValueId)> {
    let written = node.outputs[0];
    if !ops::fuses_activation(&node.op) || uses.count[written.0] != 1 {
        return None;
    }
    let mut readers =
        bound.graph.nodes().iter().enumerate().filter(|(i, n)| uses.live[*i] && n.inputs.contains(&Some(written)));
    let (_, reader) = readers.next()?;
    let activation = match &reader.op {
        Op::Relu(_) => Activation::Relu,
        Op::LeakyRelu(op) => Activation::LeakyRelu(op.alpha),
        Op::Sigmoid(_) => Activation::Sigmoid,
        Op::Tanh(_) => Activation::Tanh,
        Op::Clip(op) => ops::unary::clip(op),
        _ => return None,
    };
    Some((activation, reader.outputs[0]))
}

fn lowering<'b>(
    lowered: &'b LoweredGraph,
    node: &'b ValidNode,
    activation: Activation,
    output: Option<ValueId>,
) -> Lowering<'b> {
    let bound = lowered.bound;
    let input = |value: ValueId| Input {
        value,
        value_type: bound.value_type(value),
        weight: lowered.known.get(&value).map(|tensor| &**tensor),
    };
    let outputs = node.outputs.iter().map(|&value| output.unwrap_or(value));
    Lowering {
        node: &node.name,
        size: bound.size,
        inputs: node.inputs.iter().map(|value| value.map(input)).collect(),
        outputs: outputs.map(|value| (value, bound.value_type(value))).collect(),
        activation,
    }
}
