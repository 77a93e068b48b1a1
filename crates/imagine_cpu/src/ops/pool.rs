//! Pooling, one axis after the other; with indices, window by window.

use imagine_graph::{AveragePool, LpPool, MaxPool, Pool, WindowAxis};

use crate::context::Context;
use crate::tile::{Shared, for_each};
use crate::value::Value;

/// The mean over each window.
pub(super) fn average(params: &AveragePool, x: Value, context: &Context) -> Value {
    let windows = windows(params, &x);
    windows.iter().enumerate().fold(x, |x, (axis, window)| {
        let counts = counts(params.count_include_pad, window);
        let sums = along(x, axis + 2, window, 0.0, |a, b| a + b, context);
        divided(sums, axis + 2, &counts, context)
    })
}

/// The Lp norm over each window.
pub(super) fn lp(params: &LpPool, x: Value, context: &Context) -> Value {
    let windows = windows(params, &x);
    let shape = x.shape().to_vec();
    let mut data = x.into_f32s(context.buffers);
    let p = params.p as i32;
    data.iter_mut().for_each(|x| *x = x.abs().powi(p));
    let powers = Value::f32s(&shape, data);
    let sums = windows
        .iter()
        .enumerate()
        .fold(powers, |x, (axis, window)| along(x, axis + 2, window, 0.0, |a, b| a + b, context));
    let shape = sums.shape().to_vec();
    let mut data = sums.into_f32s(context.buffers);
    match p {
        1 => {}
        2 => data.iter_mut().for_each(|x| *x = x.sqrt()),
        _ => data.iter_mut().for_each(|x| *x = x.powf(1.0 / p as f32)),
    }
    Value::f32s(&shape, data)
}

/// The maxima, and their flat indices if `params` asks for them.
pub(super) fn max(params: &MaxPool, x: Value, context: &Context) -> Vec<Value> {
    let windows = windows(params, &x);
    if params.indices {
        return max_with_indices(params, x, &windows, context);
    }
    let larger = |a: f32, b: f32| if b > a || b.is_nan() { b } else { a };
    let result = windows
        .iter()
        .enumerate()
        .fold(x, |x, (axis, window)| along(x, axis + 2, window, f32::NEG_INFINITY, larger, context));
    vec![result]
}

fn windows(params: &impl Pool, x: &Value) -> Vec<WindowAxis> {
    params.windows(x.shape()).expect("the shape rule accepted it")
}

/// Elements of the window of output `o` that lie in the image.
fn inside(window: &WindowAxis, o: usize) -> impl Iterator<Item = usize> {
    let WindowAxis { input, kernel, stride, dilation, begin, .. } = *window;
    (0..kernel).filter_map(move |tap| (o * stride + tap * dilation).checked_sub(begin)).filter(move |at| *at < input)
}

/// Joins the elements of each window along one axis, in their order.
fn along(
    x: Value,
    axis: usize,
    window: &WindowAxis,
    nothing: f32,
    join: impl Fn(f32, f32) -> f32 + Sync + Send,
    context: &Context,
) -> Value {
    let mut shape = x.shape().to_vec();
    let inner: usize = shape[axis + 1..].iter().product();
    shape[axis] = window.output;
    let (from, to) = (window.input * inner, window.output * inner);
    let source = x.as_f32s();
    let mut result = context.buffers.take(shape.iter().product());
    let planes = result.len() / to.max(1);
    let together = (1usize << 13).div_ceil(to.max(1));
    let shared = Shared::new(&mut result);
    for_each(planes.div_ceil(together), |index| {
        for plane in index * together..((index + 1) * together).min(planes) {
            // SAFETY: planes do not overlap.
            let result = unsafe { shared.part(plane * to..(plane + 1) * to) };
            let source = &source[plane * from..][..from];
            for (o, result) in result.chunks_mut(inner).enumerate() {
                result.fill(nothing);
                for at in inside(window, o) {
                    let source = &source[at * inner..][..inner];
                    result.iter_mut().zip(source).for_each(|(to, x)| *to = join(*to, *x));
                }
            }
        }
    });
    x.recycle(context.buffers);
    Value::f32s(&shape, result)
}

/// Each element divided by the count of its place along one axis.
fn divided(x: Value, axis: usize, counts: &[f32], context: &Context) -> Value {
    let shape = x.shape().to_vec();
    let inner: usize = shape[axis + 1..].iter().product();
    let mut data = x.into_f32s(context.buffers);
    for (row, count) in data.chunks_mut(inner.max(1)).zip(counts.iter().cycle()) {
        row.iter_mut().for_each(|x| *x /= count);
    }
    Value::f32s(&shape, data)
}

/// Number of positions that count in each window along one axis.
fn counts(count_include_pad: bool, window: &WindowAxis) -> Vec<f32> {
    let inside = window.begin..window.begin + window.input;
    let counted = if count_include_pad { 0..inside.end + window.end } else { inside };
    let position = |o: usize, k: usize| o * window.stride + k * window.dilation;
    let count = |o: usize| (0..window.kernel).filter(|&k| counted.contains(&position(o, k))).count();
    (0..window.output).map(|o| count(o).max(1) as f32).collect()
}

fn max_with_indices(params: &MaxPool, x: Value, windows: &[WindowAxis], context: &Context) -> Vec<Value> {
    let (from, shape) = (x.shape().to_vec(), context.shape().to_vec());
    let strides = params.number_strides(&from);
    let (volume, result_volume) = (from[2..].iter().product::<usize>(), shape[2..].iter().product::<usize>());
    let mut values = context.buffers.take(shape.iter().product());
    let mut indices = Vec::with_capacity(values.len());
    let axes = windows.len();
    for (flat, value) in values.iter_mut().enumerate() {
        let plane = flat / result_volume;
        let mut left = flat % result_volume;
        let mut out = [0; 3];
        for axis in (0..axes).rev() {
            out[axis] = left % windows[axis].output;
            left /= windows[axis].output;
        }
        // The first largest element in row-major order.
        let mut best: Option<(f32, usize)> = None;
        let mut visit = |place: &[usize]| {
            let at = place.iter().zip(windows).fold(0, |at, (place, window)| at * window.input + place);
            let number =
                plane * volume + place.iter().zip(&strides).map(|(place, stride)| place * stride).sum::<usize>();
            let element = x.as_f32s()[plane * volume + at];
            if best.is_none_or(|(largest, _)| element > largest) {
                best = Some((element, number));
            }
        };
        walk(windows, &out[..axes], &mut Vec::new(), &mut visit);
        let (largest, number) = best.expect("a window has an element");
        *value = largest;
        indices.push(number as i32);
    }
    vec![Value::f32s(&shape, values), Value::i32s(&shape, indices)]
}

/// Visits every element of a window.
fn walk(windows: &[WindowAxis], out: &[usize], place: &mut Vec<usize>, visit: &mut impl FnMut(&[usize])) {
    let axis = place.len();
    if axis == windows.len() {
        return visit(place);
    }
    for at in inside(&windows[axis], out[axis]) {
        place.push(at);
        walk(windows, out, place, visit);
        place.pop();
    }
}
