//! `BatchNormalization` as one kernel call.

use imagine_graph::BatchNormalization;

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/batch_normalization" {
        channels: u32,
        plane: u32,
        count: u32,
        epsilon: f32,
    }
}

/// The call of `BatchNormalization`.
pub fn lower(op: &BatchNormalization, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let count = shape.iter().product::<usize>();
    let params = Params {
        channels: shape[1] as u32,
        plane: shape[2..].iter().product::<usize>() as u32,
        count: count as u32,
        epsilon: op.epsilon,
        ..Params::default()
    };
    call(node, [], &params, count, 6 * count as u64)
}
