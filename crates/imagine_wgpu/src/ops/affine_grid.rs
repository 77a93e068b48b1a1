//! `AffineGrid` as one kernel call.

use imagine_graph::AffineGrid;

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/affine_grid" {
        size: [u32; 4],
        count: u32,
        axes: u32,
        unused: [u32; 2],
    }
}

/// The call of `AffineGrid`.
pub fn lower(op: &AffineGrid, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let axes = shape[shape.len() - 1];
    let mut size = [1; 4];
    // Width first: x comes first in the grid.
    for (place, length) in size.iter_mut().zip(shape[1..=axes].iter().rev()) {
        *place = *length as u32;
    }
    let count = shape.iter().product::<usize>();
    let params = Params { size, count: count as u32, axes: axes as u32, ..Params::default() };
    call(node, [op.align_corners.then_some("ALIGN_CORNERS")], &params, count, (2 * axes + 4) as u64 * count as u64)
}
