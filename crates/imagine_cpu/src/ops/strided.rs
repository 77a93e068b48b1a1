//! Copies of tensors with their axes in another order, broadcast, or along a diagonal.

use crate::context::Context;
use crate::strided;

/// Distance of elements along each axis of a tensor.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect()
}

/// The elements with axis `order[i]` of `shape` as axis `i`.
pub(super) fn permuted(x: &[f32], shape: &[usize], order: &[usize], context: &Context) -> Vec<f32> {
    let from = strides(shape);
    let (lengths, strides): (Vec<usize>, Vec<usize>) = order.iter().map(|&axis| (shape[axis], from[axis])).unzip();
    gathered(x, &lengths, &strides, context)
}

/// The elements of a tensor of shape `from`, broadcast to `to`.
pub(super) fn expanded(x: &[f32], from: &[usize], to: &[usize], context: &Context) -> Vec<f32> {
    let own = strides(from);
    let missing = to.len() - from.len();
    let stride = |axis: usize| axis.checked_sub(missing).filter(|&axis| from[axis] > 1).map_or(0, |axis| own[axis]);
    gathered(x, to, &(0..to.len()).map(stride).collect::<Vec<_>>(), context)
}

/// The elements of a tensor of shape `lengths` that are `strides` apart in `x`.
pub(super) fn gathered(x: &[f32], lengths: &[usize], strides: &[usize], context: &Context) -> Vec<f32> {
    let mut result = context.buffers.take(lengths.iter().product());
    let strides: Vec<isize> = strides.iter().map(|stride| *stride as isize).collect();
    strided::copy(x, 0, lengths, &strides, &mut result);
    result
}
