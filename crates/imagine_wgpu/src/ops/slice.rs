//! `Slice` as one kernel call, `Split` as one per part: a strided copy, also with negative strides.

use imagine_graph::{MAX_RANK, Slice, Split, TensorType, ValueId};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, call, row_major};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/slice" {
        axes: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        start: u32,
        unused: u32,
    }
}

/// The call of `Slice`.
pub fn lower(op: &Slice, node: &Lowering) -> KernelCall {
    let shape = &node.input(0).value_type.shape;
    let mut strides = row_major(shape);
    let mut start = 0;
    let ranges = op.ranges(shape).expect("the shape rule accepted the ranges");
    for (stride, (first, _, step)) in strides.iter_mut().zip(ranges) {
        start += first as i64 * *stride;
        // Only axes of one element can overflow here, and their stride is unused.
        *stride = stride.wrapping_mul(step);
    }
    part(node, node.output_shape(), &strides, start)
}

/// The calls of `Split`, one for each output.
pub fn lower_split(op: &Split, node: &Lowering) -> Vec<KernelCall> {
    let shape = &node.input(0).value_type.shape;
    let strides = row_major(shape);
    let (axis, parts) = op.parts(shape).expect("the shape rule accepted the parts");
    let one = |(output, (first, _)): (&(ValueId, &TensorType), (usize, usize))| {
        let node = Lowering { outputs: vec![*output], ..node.clone() };
        part(&node, &output.1.shape, &strides, first as i64 * strides[axis])
    };
    node.outputs.iter().zip(parts).map(one).collect()
}

/// The call that reads elements from `start` on by `strides`.
fn part(node: &Lowering, output: &[usize], strides: &[i64], start: i64) -> KernelCall {
    let Axes { axes, rank } = Axes::new(output, [strides]);
    let count = output.iter().product::<usize>();
    let params = Params { axes, rank, count: count as u32, start: start as u32, ..Params::default() };
    call(node, [axes_def(rank)], &params, count, 0)
}
