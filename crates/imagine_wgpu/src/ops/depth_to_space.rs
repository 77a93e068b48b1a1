//! `DepthToSpace` as one kernel call; `SpaceToDepth` is a transposed view and uses `ops/shape`.

use imagine_graph::{DepthToSpace, DepthToSpaceMode, SpaceToDepth};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{call, row_major};
use crate::ops::shape;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/depth_to_space" {
        shape: [u32; 4],
        block: u32,
        count: u32,
        unused: [u32; 2],
    }
}

/// The call of `DepthToSpace`.
pub fn lower(op: &DepthToSpace, node: &Lowering) -> KernelCall {
    let shape = node.output_image();
    let count = node.outputs[0].1.elements();
    let params = Params { shape, block: op.blocksize as u32, count: count as u32, ..Params::default() };
    let defs = [(op.mode == DepthToSpaceMode::Crd).then_some("MODE_CRD")];
    call(node, defs, &params, count, 0)
}

/// The call of `SpaceToDepth`: `[N, C, H, b, W, b]` becomes `[N, b, b, C, H, W]`.
pub fn lower_space(op: &SpaceToDepth, node: &Lowering) -> KernelCall {
    let [n, channels, height, width] = node.image(0).map(|length| length as usize);
    let block = op.blocksize;
    let view = [n, channels, height / block, block, width / block, block];
    let (strides, order) = (row_major(&view), [0, 3, 5, 1, 2, 4]);
    shape::strided(&order.map(|axis| view[axis]), &order.map(|axis| strides[axis]), node)
}
