//! One graph without memory: what is needed of it, which values are the same bytes, and the fused kernel calls.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use imagine_graph::{BoundGraph, Class, NodeId, Op, Size, Tensor, ValidNode, ValueId};

use crate::kernel::KernelCall;
use crate::lower::{Input, LowerError, Lowering};
use crate::ops;
use crate::plan::concat::{Piece, Pieces};
use crate::plan::neighbors::{self, Group, Groups};
use crate::plan::{Adapter, Fusion, Limits, automaton, precision};

/// A graph as kernel calls.
pub(super) struct LoweredGraph<'a> {
    /// The graph.
    pub bound: &'a BoundGraph<'a>,
    /// The size of the whole image, of which this is a part or all.
    pub whole: Size,
    /// The calls in an order in which they can run.
    pub calls: Vec<KernelCall>,
    /// For every value the one whose bytes it is: itself, or what it is a view of.
    pub roots: Vec<ValueId>,
    /// Values that lie in memory as 16-bit floats, each by the one whose bytes it is.
    pub half: HashSet<ValueId>,
    /// Values that lie in other values.
    pub pieces: HashMap<ValueId, Piece>,
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
    limits: Limits,
    whole: Size,
) -> Result<LoweredGraph<'a>, LowerError> {
    let graph = bound.graph;
    let mut lowered = LoweredGraph {
        bound,
        whole,
        calls: Vec::new(),
        roots: (0..graph.value_count()).map(ValueId).collect(),
        half: HashSet::new(),
        pieces: HashMap::new(),
        known: known_weights(bound),
    };
    resolve_views(&mut lowered);
    let uses = Uses::of(bound);
    let (step, groups) = match fusion {
        Fusion::On => match automaton::find(bound, &uses, &lowered.known, limits.cells, whole) {
            Some(step) => (Some(step), Groups::default()),
            None => (None, neighbors::find(bound, &uses, &lowered.known)),
        },
        Fusion::Off => (None, Groups::default()),
    };
    let mut calls = Vec::new();
    let nodes = nodes_with_calls(&lowered, &uses);
    let mut concats = HashMap::new();
    for &index in &nodes {
        let node = &graph.nodes()[index];
        if let Some(step) = step.as_ref().filter(|step| step.nodes.contains(&NodeId(index))) {
            if step.last == NodeId(index) {
                calls.push(step.call.clone());
            }
            continue;
        }
        if let Some(group) = groups.of_last.get(&index) {
            let head = &graph.nodes()[group.head];
            calls.extend(ops::lower(&group.op, &group_lowering(&lowered, head, group, limits.adapter))?);
        } else if !groups.nodes.contains(&index) {
            if let Op::Concat(_) = node.op {
                concats.insert(index, calls.len());
            }
            calls.extend(ops::lower(&node.op, &lowering(&lowered, node, limits.adapter))?);
        }
    }
    drop(groups);
    lowered.half = precision::halves(&lowered, &calls, limits.precision);
    if fusion == Fusion::On {
        let pieces = Pieces::find(&lowered, &concats);
        calls = pieces.without_copies(calls);
        lowered.pieces = pieces.of_value;
    }
    precision::mark(&lowered, &mut calls, limits.precision);
    lowered.calls = calls;
    Ok(lowered)
}

/// The nodes that something depends on and whose bytes are not those of another value.
fn nodes_with_calls(lowered: &LoweredGraph, uses: &Uses) -> Vec<usize> {
    let nodes = lowered.bound.graph.nodes().iter().enumerate();
    let calls = nodes.filter(|(index, node)| {
        let written = node.outputs[0];
        uses.live[*index] && !lowered.known.contains_key(&written) && lowered.roots[written.0] == written
    });
    calls.map(|(index, _)| index).collect()
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

fn lowering<'b>(lowered: &'b LoweredGraph, node: &'b ValidNode, adapter: Adapter) -> Lowering<'b> {
    let bound = lowered.bound;
    let inputs = node.inputs.iter().map(|value| value.map(|value| lowered.input(value))).collect();
    let outputs = node.outputs.iter().map(|&value| (value, bound.value_type(value))).collect();
    Lowering { adapter, whole: lowered.whole, ..Lowering::new(&node.name, bound.size, inputs, outputs) }
}

/// The lowering of `head` with the work of the nodes around it.
fn group_lowering<'b>(
    lowered: &'b LoweredGraph,
    head: &'b ValidNode,
    group: &Group<'b>,
    adapter: Adapter,
) -> Lowering<'b> {
    let mut lowering = lowering(lowered, head, adapter);
    lowering.inputs[0] = group.input.map(|value| lowered.input(value));
    lowering.outputs[0] = (group.output, lowered.bound.value_type(group.output));
    lowering.activation = group.activation;
    lowering.neighbors = group.neighbors.clone();
    lowering
}

impl LoweredGraph<'_> {
    /// Bytes of `value` in memory.
    pub fn bytes_of(&self, value: ValueId) -> u64 {
        let elements = self.bound.value_type(value).elements() as u64;
        // Bindings are whole words.
        if self.half.contains(&self.roots[value.0]) { (2 * elements).next_multiple_of(4) } else { 4 * elements }
    }

    /// The value in whose bytes `value` lies, and its first byte there.
    pub fn place(&self, value: ValueId) -> (ValueId, u64) {
        let mut at = (self.roots[value.0], 0);
        while let Some(piece) = self.pieces.get(&at.0) {
            at = (self.roots[piece.of.0], at.1 + piece.offset);
        }
        at
    }

    fn input(&self, value: ValueId) -> Input<'_> {
        let weight = self.known.get(&value).map(|tensor| &**tensor);
        Input { value, value_type: self.bound.value_type(value), weight }
    }
}
