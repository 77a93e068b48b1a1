//! Normalisation by statistics of the input as one kernel call.

use imagine_graph::{GroupNormalization, InstanceNormalization, LpNormalization, MAX_RANK, Reduction};

use crate::kernel::{KernelCall, Operand};
use crate::lowering::{Lowering, activation_def, activation_params};
use crate::ops::axes::{axes_def, broadcast, call, row_major};
use crate::ops::reduce::{cooperate, walk};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/normalization" {
        kept: [[i32; 4]; MAX_RANK],
        reduced: [[i32; 4]; MAX_RANK],
        kept_rank: u32,
        reduced_rank: u32,
        count: u32,
        terms: u32,
        epsilon: f32,
        unused: u32,
        activation: [f32; 2],
    }
}

/// The call of `InstanceNormalization`.
pub fn lower_instance(op: &InstanceNormalization, node: &Lowering) -> KernelCall {
    lower_channels(node.output_shape()[1], op.epsilon, node)
}

/// The call of `GroupNormalization`.
pub fn lower_group(op: &GroupNormalization, node: &Lowering) -> KernelCall {
    lower_channels(op.num_groups, op.epsilon, node)
}

/// The input as `[N, groups, channels of a group, rest]`, with scale and bias for every channel.
fn lower_channels(groups: usize, epsilon: f32, node: &Lowering) -> KernelCall {
    let full = node.output_shape();
    let per_group = full[1] / groups;
    let shape = [full[0], groups, per_group, full[2..].iter().product()];
    let channels = vec![0, per_group as i64, 1, 0];
    lower("CENTERED", epsilon, &shape, &[false, false, true, true], [channels.clone(), channels], node)
}

/// The call of an operator whose scale and bias broadcast to the first input: `def` is `CENTERED` or one of `NORM_*`.
pub fn lower_broadcast(def: &'static str, epsilon: f32, op: &impl Reduction, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let is_reduced = op.reduced(shape.len()).expect("the shape rule accepted the axes");
    let strides = [1, 2].map(|index| match node.optional(index) {
        Some(input) => broadcast(&input.value_type.shape, shape.len()),
        None => vec![0; shape.len()],
    });
    lower(def, epsilon, shape, &is_reduced, strides, node)
}

/// The call of `LpNormalization`.
pub fn lower_norm(op: &LpNormalization, node: &Lowering) -> KernelCall {
    lower_broadcast(if op.p == 1 { "NORM_L1" } else { "NORM_L2" }, 0.0, op, node)
}

fn lower(
    def: &'static str,
    epsilon: f32,
    shape: &[usize],
    is_reduced: &[bool],
    [scale, bias]: [Vec<i64>; 2],
    node: &Lowering,
) -> KernelCall {
    let strides = row_major(shape);
    let [kept, reduced] = [false, true].map(|part| walk(shape, is_reduced, part, [&strides, &scale, &bias]));
    let all = shape.iter().product::<usize>();
    let terms =
        shape.iter().zip(is_reduced).filter(|(_, reduced)| **reduced).map(|(length, _)| length).product::<usize>();
    let count = all / terms;
    let params = Params {
        kept: kept.axes,
        reduced: reduced.axes,
        kept_rank: kept.rank,
        reduced_rank: reduced.rank,
        count: count as u32,
        terms: terms as u32,
        epsilon,
        activation: activation_params(node.activation),
        ..Params::default()
    };
    let addend = node.fused.addend;
    let defs = [
        Some(def),
        node.optional(1).map(|_| "SCALE"),
        node.optional(2).map(|_| "BIAS"),
        activation_def(node.activation),
        addend.map(|_| "ADDEND"),
        axes_def(reduced.rank),
    ];
    let mut call = call(node, defs, &params, count, 8 * all as u64);
    call.operands.extend(addend.map(|input| Operand::Value(input.value)));
    cooperate(call, is_reduced, count)
}
