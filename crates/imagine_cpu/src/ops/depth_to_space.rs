//! `DepthToSpace` and `SpaceToDepth`: copies by the strides of six axes.

use imagine_graph::{DepthToSpace, DepthToSpaceMode, SpaceToDepth};

use super::shape;
use crate::context::Context;
use crate::strided;
use crate::value::Value;

pub(super) fn depth_to_space(params: &DepthToSpace, x: Value, context: &Context) -> Value {
    let (shape, block) = (x.shape(), params.blocksize);
    let [n, channels, height, width] = [shape[0], context.shape()[1], shape[2], shape[3]];
    let (split, order) = match params.mode {
        DepthToSpaceMode::Dcr => ([n, block, block, channels, height, width], [0, 3, 4, 1, 5, 2]),
        DepthToSpaceMode::Crd => ([n, channels, block, block, height, width], [0, 1, 4, 2, 5, 3]),
    };
    permuted(x, split, order, context)
}

pub(super) fn space_to_depth(params: &SpaceToDepth, x: Value, context: &Context) -> Value {
    let (shape, block) = (x.shape(), params.blocksize);
    let split = [shape[0], shape[1], shape[2] / block, block, shape[3] / block, block];
    permuted(x, split, [0, 3, 5, 1, 2, 4], context)
}

/// The axes of `x` as `split`, in another order.
fn permuted(x: Value, split: [usize; 6], order: [usize; 6], context: &Context) -> Value {
    let own = strided::strides(&split);
    shape::copy(x, 0, &order.map(|axis| split[axis]), &order.map(|axis| own[axis]), context.shape(), context)
}
