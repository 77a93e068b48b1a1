//! Pooling, one axis after the other: combines shifted, strided slices of the padded input.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Slice as Range, TensorData, TensorMetadata};
use imagine_graph::{AveragePool, LpPool, MaxPool, PadMode, Pool, Tensor, WindowAxis};

use super::{binary, pad, slice};
use crate::value::Value;

pub(super) fn max<B: Backend>(op: &MaxPool, x: FloatTensor<B>) -> FloatTensor<B> {
    over_axes::<B>(op, x, |x, axis, window| along::<B>(x, axis, window, f32::NEG_INFINITY, binary::float_max::<B>))
}

/// The largest elements, and the index in `x` of the first of them in each window.
pub(super) fn max_with_indices<B: Backend>(op: &MaxPool, x: FloatTensor<B>) -> Vec<Value<B>> {
    let (shape, device) = (x.shape().to_vec(), B::float_device(&x));
    let numbers = op.numbers(&shape).into_iter().map(|number| number as i32).collect();
    let numbers = Value::<B>::from_data(&Tensor::new(shape.clone(), imagine_graph::TensorData::I32(numbers)), &device);
    let windows = op.windows(&shape).expect("the shape rule accepted them");
    // The last axis first, so that ties go to the first element in `x`.
    let pooled =
        windows.into_iter().enumerate().rev().fold([Value::Float(x), numbers], |[x, numbers], (index, window)| {
            let (values, numbers) =
                (parts(x, index + 2, window, f32::NEG_INFINITY), parts(numbers, index + 2, window, -1.0));
            let pairs = values.into_iter().map(Value::into_float).zip(numbers.into_iter().map(Value::into_int));
            let (value, number) = pairs.reduce(larger::<B>).expect("a window has an element");
            [Value::Float(value), Value::Int(number)]
        });
    pooled.into()
}

/// The larger of two elements and its index; the first on ties, the second if the first is padding.
fn larger<B: Backend>(
    (a, i): (FloatTensor<B>, IntTensor<B>),
    (b, j): (FloatTensor<B>, IntTensor<B>),
) -> (FloatTensor<B>, IntTensor<B>) {
    let dtype = get_device_settings::<B>(&B::float_device(&a)).bool_dtype;
    let above = B::float_greater(b.clone(), a.clone(), dtype);
    let outside = B::int_lower_elem(i.clone(), 0.into(), dtype);
    let second = B::bool_or(above, outside);
    (B::float_mask_where(a, second.clone(), b), B::int_mask_where(i, second, j))
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

/// Combines the elements of each window along one axis; `outside` is the padding.
fn along<B: Backend>(
    x: FloatTensor<B>,
    axis: usize,
    window: WindowAxis,
    outside: f32,
    join: impl Fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let parts = parts(Value::<B>::Float(x), axis, window, outside).into_iter().map(Value::into_float);
    parts.reduce(join).expect("a window has an element")
}

/// The first element of every window along one axis, then the second, and so on; `outside` is the padding.
fn parts<B: Backend>(x: Value<B>, axis: usize, window: WindowAxis, outside: f32) -> Vec<Value<B>> {
    let reached = (window.output - 1) * window.stride + window.span();
    // With ceil_mode, windows may reach beyond the end padding.
    let after = reached.saturating_sub(window.input + window.begin);
    let padded = pad::around(x, axis, [window.begin, after], PadMode::Constant, outside);
    let part = |k: usize| {
        let mut ranges = vec![Range::full(); padded.shape().len()];
        ranges[axis] = slice::range(k * window.dilation, window.output, window.stride as i64);
        slice::cut(padded.clone(), &ranges)
    };
    (0..window.kernel).map(part).collect()
}

/// Number of positions that count in each window along one axis.
fn counts(count_include_pad: bool, window: WindowAxis) -> Vec<f32> {
    let inside = window.begin..window.begin + window.input;
    let counted = if count_include_pad { 0..inside.end + window.end } else { inside };
    let position = |o: usize, k: usize| o * window.stride + k * window.dilation;
    let count = |o: usize| (0..window.kernel).filter(|&k| counted.contains(&position(o, k))).count();
    (0..window.output).map(|o| count(o).max(1) as f32).collect()
}
