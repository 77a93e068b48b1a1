//! `Concat` as one kernel call per input, which copies the elements to their place in the output.

use imagine_graph::{Concat, MAX_RANK};

use crate::analysis::cost::Cost;
use crate::kernel::{KernelCall, Operand};
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, call, row_major};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/concat" {
        axes: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        start: u32,
        unused: u32,
    }
}

/// The calls of `Concat`.
pub fn lower(op: &Concat, node: &Lowering) -> Vec<KernelCall> {
    let output_strides = row_major(node.output_shape());
    let axis = op.axis(output_strides.len()).expect("the shape rule accepted the axis");
    let mut start = 0;
    let mut calls = Vec::new();
    for (index, input) in node.inputs.iter().flatten().enumerate() {
        let shape = &input.value_type.shape;
        let count = input.value_type.elements();
        let Axes { axes, rank } = Axes::new(shape, [&output_strides]);
        let params = Params { axes, rank, count: count as u32, start: start as u32, ..Params::default() };
        calls.push(KernelCall {
            label: format!("{} input {index}", node.node),
            operands: vec![Operand::Value(input.value)],
            cost: Cost { flop: 0, bytes: 8 * count as u64 },
            ..call(node, [axes_def(rank)], &params, count, 0)
        });
        start += shape[axis] as i64 * output_strides[axis];
    }
    calls
}
