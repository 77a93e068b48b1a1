//! Copies of tensors with their axes in another order, broadcast, or along a diagonal.

use crate::context::Context;
use crate::tile::{Shared, for_each};

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
    let total: usize = lengths.iter().product();
    let mut result = context.buffers.take(total);
    let (inner, step) = lengths.last().map_or((1, 1), |&last| (last, strides[lengths.len() - 1]));
    let outer = lengths.len().saturating_sub(1);
    let rows = if inner == 0 { 0 } else { total / inner };
    let together = (1usize << 13).div_ceil(inner.max(1));
    let shared = Shared::new(&mut result);
    for_each(rows.div_ceil(together), |index| {
        let range = index * together..((index + 1) * together).min(rows);
        // SAFETY: rows do not overlap.
        let to = unsafe { shared.part(range.start * inner..range.end * inner) };
        for (row, to) in range.zip(to.chunks_mut(inner)) {
            let mut left = row;
            let mut start = 0;
            for axis in (0..outer).rev() {
                start += left % lengths[axis] * strides[axis];
                left /= lengths[axis];
            }
            match step {
                0 => to.fill(x[start]),
                1 => to.copy_from_slice(&x[start..][..inner]),
                _ => to.iter_mut().zip(x[start..].iter().step_by(step)).for_each(|(to, x)| *to = *x),
            }
        }
    });
    result
}
