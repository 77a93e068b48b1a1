//! Padding by slices and concatenation, for all modes and element types: burn's own cannot wrap.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{FloatDType, Shape, Slice as Range};
use imagine_graph::{Pad, PadMode};

use super::{concat, shape, slice};
use crate::value::Value;

/// Pads one axis after the other, which fills the corners because every mode is separable. Negative pads crop first.
pub(super) fn run<B: Backend>(params: &Pad, x: Value<B>) -> Value<B> {
    let lengths = x.shape();
    let sides = params.sides(lengths.len()).expect("the shape rule accepted them");
    let pad = |x: Value<B>, (axis, [before, after]): (usize, &[i64; 2])| {
        let (first, left) = (-before.min(&0), lengths[axis] as i64 + before.min(&0) + after.min(&0));
        let at = -before.max(&0)..left + after.max(&0);
        let place = |at| params.mode.place(at, left.max(1) as usize).filter(|_| left > 0);
        let elements: Vec<_> = at.map(|at| place(at).map(|index| index + first as usize)).collect();
        pick(x, axis, &elements, params.value)
    };
    sides.iter().enumerate().fold(x, pad)
}

/// Pads floats along `axis`.
pub(super) fn axis<B: Backend>(
    x: FloatTensor<B>,
    axis: usize,
    sides: [usize; 2],
    mode: PadMode,
    value: f32,
) -> FloatTensor<B> {
    around(Value::<B>::Float(x), axis, sides, mode, value).into_float()
}

/// As [`axis`], for any element type.
pub(super) fn around<B: Backend>(
    x: Value<B>,
    axis: usize,
    [before, after]: [usize; 2],
    mode: PadMode,
    value: f32,
) -> Value<B> {
    let length = x.shape()[axis];
    let at = -(before as i64)..(length + after) as i64;
    let elements: Vec<_> = at.map(|at| mode.place(at, length)).collect();
    pick(x, axis, &elements, value)
}

/// The elements of `x` at these indices along `axis`; `value` for `None`.
fn pick<B: Backend>(x: Value<B>, axis: usize, elements: &[Option<usize>], value: f32) -> Value<B> {
    let lengths = x.shape();
    if elements.iter().copied().eq((0..lengths[axis]).map(Some)) {
        return x;
    }
    let part = |run: &Run| {
        let Some(start) = run.start else { return full(&x, axis, run.count, value) };
        let mut ranges = vec![Range::full(); lengths.len()];
        // Step 0 repeats one element.
        let (count, step, times) = if run.step == 0 { (1, 1, run.count) } else { (run.count, run.step, 1) };
        ranges[axis] = slice::range(start, count, step);
        let part = slice::cut(x.clone(), &ranges);
        if times > 1 { shape::repeat(part, axis, times) } else { part }
    };
    let mut parts: Vec<Value<B>> = runs(elements).iter().map(part).collect();
    if parts.len() == 1 { parts.remove(0) } else { concat::join(parts, axis) }
}

/// Elements with a constant step in the source: 1, -1 or 0.
struct Run {
    start: Option<usize>,
    step: i64,
    count: usize,
}

fn runs(elements: &[Option<usize>]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &element in elements {
        let at = element.map(|index| index as i64);
        if let Some(run) = runs.last_mut() {
            let start = run.start.map(|index| index as i64);
            let step = start.zip(at).map_or(0, |(start, at)| at - start);
            let begins = run.count == 1 && (-1..=1).contains(&step);
            let continues = start.is_some() && (begins || step == run.step * run.count as i64);
            if start.is_some() == at.is_some() && (continues || at.is_none()) {
                run.step = if run.count == 1 { step } else { run.step };
                run.count += 1;
                continue;
            }
        }
        runs.push(Run { start: element, step: 1, count: 1 });
    }
    runs
}

/// A tensor like `x`, `count` long along `axis`, filled with `value`.
fn full<B: Backend>(x: &Value<B>, axis: usize, count: usize, value: f32) -> Value<B> {
    let mut shape = x.shape();
    shape[axis] = count;
    let shape = Shape::from(shape);
    match x {
        Value::Float(t) => Value::Float(B::float_full(shape, value.into(), &B::float_device(t), FloatDType::F32)),
        Value::Int(t) => {
            let device = B::int_device(t);
            let dtype = get_device_settings::<B>(&device).int_dtype;
            Value::Int(B::int_full(shape, (value as i64).into(), &device, dtype))
        }
        Value::Bool(t) => {
            let device = B::bool_device(t);
            let dtype = get_device_settings::<B>(&device).bool_dtype;
            let zeros = B::bool_zeros(shape, &device, dtype);
            Value::Bool(if value == 0.0 { zeros } else { B::bool_not(zeros) })
        }
    }
}
