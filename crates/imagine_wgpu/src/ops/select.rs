//! `Where` as one kernel call.

use imagine_graph::MAX_RANK;

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, broadcast, call};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/select" {
        axes: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        unused: [u32; 2],
    }
}

/// The call of `Where`.
pub fn lower(node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let strides = [0, 1, 2].map(|input| broadcast(&node.input(input).value_type.shape, shape.len()));
    let Axes { axes, rank } = Axes::new(shape, [&strides[0], &strides[1], &strides[2]]);
    let count = shape.iter().product::<usize>();
    let params = Params { axes, rank, count: count as u32, ..Params::default() };
    call(node, [axes_def(rank)], &params, count, 0)
}
