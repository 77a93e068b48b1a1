//! Pools, one axis after the other: the shifted, strided slices of the padded input joined.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Slice as Range, TensorData, TensorMetadata};
use imagine_graph::{AveragePool, LpPool, MaxPool, PadMode, Pool, WindowAxis};

use super::{binary, pad};

pub(super) fn max<B: Backend>(op: &MaxPool, x: FloatTensor<B>) -> FloatTensor<B> {
    over_axes::<B>(op, x, |x, axis, window| along::<B>(x, axis, window, f32::MIN, binary::max::<B>))
}

pub(super) fn average<B: Backend>(op: &AveragePool, x: FloatTensor<B>) -> FloatTensor<B> {
    over_axes::<B>(op, x, |x, axis, window| {
        let device = B::float_device(&x);
        let sum = along::<B>(x, axis, window, 0.0, B::float_add);
        let mut shape = vec![1; sum.shape().num_dims()];
        shape[axis] = window.output;
        let counts = B::float_from_data(TensorData::new(counts(op.count_include_pad, window), shape), &device);
        let counts = B::float_expand(counts, sum.shape());
        B::float_div(sum, counts)
    })
}

pub(super) fn lp<B: Backend>(op: &LpPool, x: FloatTensor<B>) -> FloatTensor<B> {
    let powers = match op.p {
        1 => B::float_abs(x),
        2 => B::float_mul(x.clone(), x),
        p => B::float_powf_scalar(B::float_abs(x), (p as f32).into()),
    };
    let sum = over_axes::<B>(op, powers, |x, axis, window| along::<B>(x, axis, window, 0.0, B::float_add));
    match op.p {
        1 => sum,
        2 => B::float_sqrt(sum),
        p => B::float_powf_scalar(sum, (1.0 / p as f32).into()),
    }
}

fn over_axes<B: Backend>(
    op: &impl Pool,
    x: FloatTensor<B>,
    step: impl Fn(FloatTensor<B>, usize, WindowAxis) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let windows = op.windows(&x.shape().to_vec()).expect("the shape rule accepted it");
    windows.into_iter().enumerate().fold(x, |x, (index, window)| step(x, index + 2, window))
}

/// Joins the elements of each window along one axis, `outside` standing beyond the image.
fn along<B: Backend>(
    x: FloatTensor<B>,
    axis: usize,
    window: WindowAxis,
    outside: f32,
    join: impl Fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let reached = (window.output - 1) * window.stride + window.span();
    // With ceil_mode windows may reach beyond the end padding.
    let after = reached.saturating_sub(window.input + window.begin);
    let padded = pad::axis::<B>(x, axis, [window.begin, after], PadMode::Constant, outside);
    let part = |k: usize| {
        let start = k * window.dilation;
        let end = start + (window.output - 1) * window.stride + 1;
        let mut ranges = vec![Range::full(); padded.shape().num_dims()];
        ranges[axis] = Range::new(start as isize, Some(end as isize), window.stride as isize);
        B::float_slice(padded.clone(), &ranges)
    };
    (1..window.kernel).fold(part(0), |joined, k| join(joined, part(k)))
}

/// Number of positions that count in each window along one axis.
fn counts(count_include_pad: bool, window: WindowAxis) -> Vec<f32> {
    let inside = window.begin..window.begin + window.input;
    let counted = if count_include_pad { 0..inside.end + window.end } else { inside };
    let position = |o: usize, k: usize| o * window.stride + k * window.dilation;
    let count = |o: usize| (0..window.kernel).filter(|&k| counted.contains(&position(o, k))).count();
    (0..window.output).map(|o| count(o).max(1) as f32).collect()
}
