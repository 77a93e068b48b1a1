//! From one bound graph to fused kernel calls.

use std::collections::{HashMap, HashSet};

use imagine_graph::{BoundGraph, NodeId, Op, Size, ValidNode};

use super::in_place_concat::InPlaceConcat;
use super::lowered_graph::LoweredGraph;
use super::options::{Fusion, KernelTarget, PlanOptions};
use super::precision;
use crate::analysis::automaton;
use crate::analysis::elementwise::{self, ElementwiseGroups};
use crate::analysis::fusion::{self, FusionGroup, FusionGroups};
use crate::analysis::liveness::{ValueUses, resolve_views};
use crate::lowering::Lowering;
use crate::ops;

/// Lowers `bound`, which computes an image of size `whole` or a window of it.
pub(super) fn lower<'a>(bound: &'a BoundGraph<'a>, options: PlanOptions, whole: Size) -> LoweredGraph<'a> {
    let graph = bound.graph;
    let (roots, known) = resolve_views(bound);
    let (half, sub_buffers) = (HashSet::new(), HashMap::new());
    let mut lowered = LoweredGraph { bound, whole, calls: Vec::new(), roots, half, sub_buffers, known };
    let uses = ValueUses::new(bound);
    let (step, groups) = match options.fusion {
        Fusion::On => match automaton::find(bound, &uses, &lowered.known, whole) {
            Some(step) => (Some(step), FusionGroups::default()),
            None => (None, fusion::find(bound, &uses, &lowered.known)),
        },
        Fusion::Off => (None, FusionGroups::default()),
    };
    let is_step = |index| step.as_ref().is_some_and(|step| step.nodes.contains(&NodeId(index)));
    let elementwise = match options.fusion {
        Fusion::On => {
            elementwise::find(bound, &uses, &lowered.known, |index| is_step(index) || groups.nodes.contains(&index))
        }
        Fusion::Off => ElementwiseGroups::default(),
    };
    let target = options.tuning.target;
    let mut calls = Vec::new();
    let mut concats = HashMap::new();
    for index in nodes_with_calls(&lowered, &uses) {
        let node = &graph.nodes()[index];
        if let Some(step) = step.as_ref().filter(|step| step.nodes.contains(&NodeId(index))) {
            if step.last == NodeId(index) {
                calls.push(ops::automaton::lower(&step.step, options.tuning.automaton_cells));
            }
            continue;
        }
        if let Some(group) = groups.by_last.get(&index) {
            let anchor = &graph.nodes()[group.anchor];
            calls.extend(ops::lower(&group.op, &group_lowering(&lowered, anchor, group, target)));
        } else if let Some(group) = elementwise.by_last.get(&index) {
            let inputs = group.inputs.iter().map(|value| Some(lowered.input(*value))).collect();
            let lowering = Lowering { inputs, ..lowering(&lowered, node, target) };
            calls.push(ops::elementwise::lower(&group.program, &lowering));
        } else if !groups.nodes.contains(&index) && !elementwise.nodes.contains(&index) {
            if let Op::Concat(_) = node.op {
                concats.insert(index, calls.len());
            }
            calls.extend(ops::lower(&node.op, &lowering(&lowered, node, target)));
        }
    }
    drop((step, groups, elementwise));
    lowered.half = precision::half_values(&lowered, &calls, options.precision);
    if options.fusion == Fusion::On {
        let in_place = InPlaceConcat::find(&lowered, &concats);
        calls = in_place.without_copies(calls);
        lowered.sub_buffers = in_place.sub_buffers;
    }
    precision::mark(&lowered, &mut calls, options.precision);
    lowered.calls = calls;
    lowered
}

/// Live nodes whose output is neither known nor a view.
fn nodes_with_calls(lowered: &LoweredGraph, uses: &ValueUses) -> Vec<usize> {
    let nodes = lowered.bound.graph.nodes().iter().enumerate();
    let calls = nodes.filter(|(index, node)| {
        let written = node.outputs[0];
        uses.live[*index] && !lowered.known.contains_key(&written) && lowered.roots[written.0] == written
    });
    calls.map(|(index, _)| index).collect()
}

fn lowering<'b>(lowered: &'b LoweredGraph, node: &'b ValidNode, target: KernelTarget) -> Lowering<'b> {
    let bound = lowered.bound;
    let inputs = node.inputs.iter().map(|value| value.map(|value| lowered.input(value))).collect();
    let outputs = node.outputs.iter().map(|&value| (value, bound.value_type(value))).collect();
    Lowering { target, whole: lowered.whole, ..Lowering::new(&node.name, bound.size, inputs, outputs) }
}

/// The lowering of `anchor` with the nodes that are fused into it.
fn group_lowering<'b>(
    lowered: &'b LoweredGraph,
    anchor: &'b ValidNode,
    group: &FusionGroup<'b>,
    target: KernelTarget,
) -> Lowering<'b> {
    let mut lowering = lowering(lowered, anchor, target);
    lowering.inputs[0] = group.input.map(|value| lowered.input(value));
    lowering.outputs[0] = (group.output, lowered.bound.value_type(group.output));
    lowering.activation = group.activation;
    lowering.fused = group.fused.clone();
    lowering
}
