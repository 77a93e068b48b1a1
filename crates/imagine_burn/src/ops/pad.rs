//! Padding by slices and concatenation, for all modes alike; burn's own has no wrap.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{FloatDType, Slice as Range, TensorMetadata};
use imagine_graph::{Pad, PadMode};

/// Pads one axis after the other: the corners follow, for every mode is separable. A negative pad cuts, before the rest
/// is padded.
pub(super) fn run<B: Backend>(params: &Pad, x: FloatTensor<B>) -> FloatTensor<B> {
    let rank = x.shape().num_dims();
    let sides = |axis: usize| [params.pads[axis], params.pads[rank + axis]];
    let cut = |(axis, length): (usize, &usize)| {
        let [before, after] = sides(axis).map(|side| side.min(0) as isize);
        Range::new(-before, Some(*length as isize + after), 1)
    };
    let x = match params.pads.iter().any(|pad| *pad < 0) {
        true => {
            let ranges: Vec<Range> = x.shape().iter().enumerate().map(cut).collect();
            B::float_slice(x, &ranges)
        }
        false => x,
    };
    let pad = |x, index| axis::<B>(x, index, sides(index).map(|side| side.max(0) as usize), params.mode, params.value);
    (0..rank).fold(x, pad)
}

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
