//! `Trilu` as one kernel call.

use imagine_graph::Trilu;

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/trilu" {
        size: [u32; 2],
        count: u32,
        k: i32,
    }
}

/// The call of `Trilu`.
pub fn lower(op: &Trilu, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let count = shape.iter().product::<usize>();
    let size = [shape[shape.len() - 2] as u32, shape[shape.len() - 1] as u32];
    // No matrix is larger.
    let k = op.k.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
    let params = Params { size, count: count as u32, k, ..Params::default() };
    call(node, [op.upper.then_some("UPPER")], &params, count, 0)
}
