//! Padding by slices and concatenation, for all modes alike; burn's own has no wrap.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{FloatDType, Slice as Range, TensorMetadata};
use imagine_graph::PadMode;

/// Adds `before` and `after` elements along `axis`.
pub(super) fn axis<B: Backend>(
    x: FloatTensor<B>,
    axis: usize,
    [before, after]: [usize; 2],
    mode: PadMode,
    value: f32,
) -> FloatTensor<B> {
    let length = x.shape()[axis];
    let part = |start: usize, count: usize, step: isize| {
        let mut ranges = vec![Range::full(); x.shape().num_dims()];
        ranges[axis] = Range::new(start as isize, Some((start + count) as isize), step);
        B::float_slice(x.clone(), &ranges)
    };
    let constant = |count: usize| {
        let mut shape = x.shape();
        shape[axis] = count;
        B::float_full(shape, value.into(), &B::float_device(&x), FloatDType::F32)
    };
    let border = |count: usize, edge: usize, mirrored: usize, wrapped: usize| match mode {
        PadMode::Constant => constant(count),
        PadMode::Edge => B::float_repeat_dim(part(edge, 1, 1), axis, count),
        PadMode::Reflect => part(mirrored, count, -1),
        PadMode::Wrap => part(wrapped, count, 1),
    };
    let low = (before > 0).then(|| border(before, 0, 1, length.saturating_sub(before)));
    let high = (after > 0).then(|| border(after, length - 1, (length - 1).saturating_sub(after), 0));
    if low.is_none() && high.is_none() {
        return x;
    }
    let parts = [low, Some(x.clone()), high].into_iter().flatten().collect();
    B::float_cat(parts, axis)
}
