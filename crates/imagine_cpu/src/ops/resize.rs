//! `Resize`, one axis after the other, with the filter taps of [`imagine_graph::resize_weights`].

use imagine_graph::Resize;
use imagine_graph::resize_weights::{FilterTaps, ResizedAxis};

use crate::context::Context;
use crate::tile::{Shared, for_each};
use crate::value::{Data, Value};

pub(super) fn run(params: &Resize, x: Value, context: &Context) -> Value {
    let mut axes = params.resized(x.shape(), context.size).expect("the shape rule accepted it");
    // Axes that shrink first: what lies between is never larger than both ends.
    axes.sort_by_key(|axis| axis.output > axis.input);
    let taps: Vec<FilterTaps> = axes.iter().map(|axis| FilterTaps::new(params, axis)).collect();
    match x.data() {
        Data::F32(_) => {
            let y = axes.iter().zip(&taps).fold(x, |x, (axis, taps)| mixed(x, axis, taps, context));
            axes.iter().zip(&taps).fold(y, |y, (axis, taps)| extrapolated(y, axis, taps, params, context))
        }
        Data::I32(_) => axes.iter().zip(&taps).fold(x, |x, (axis, taps)| {
            let (shape, data) = picked(x.as_i32s(), x.shape(), axis, taps);
            Value::i32s(&shape, data)
        }),
        Data::Bool(_) => axes.iter().zip(&taps).fold(x, |x, (axis, taps)| {
            let (shape, data) = picked(x.as_bools(), x.shape(), axis, taps);
            Value::bools(&shape, data)
        }),
    }
}

/// The only tap of each output element along one axis.
fn picked<T: Copy>(x: &[T], shape: &[usize], axis: &ResizedAxis, taps: &FilterTaps) -> (Vec<usize>, Vec<T>) {
    let inner: usize = shape[axis.axis + 1..].iter().product();
    let mut resized = shape.to_vec();
    resized[axis.axis] = axis.output;
    let planes = x.chunks((axis.input * inner).max(1));
    let elements = planes.flat_map(|plane| taps.all.iter().flat_map(|tap| &plane[tap.index * inner..][..inner]));
    (resized, elements.copied().collect())
}

/// The sum of the taps of each output element along one axis.
fn mixed(x: Value, axis: &ResizedAxis, taps: &FilterTaps, context: &Context) -> Value {
    let mut shape = x.shape().to_vec();
    let inner: usize = shape[axis.axis + 1..].iter().product();
    shape[axis.axis] = axis.output;
    let (from, to) = (axis.input * inner, axis.output * inner);
    let source = x.as_f32s();
    let mut result = context.buffers.take(shape.iter().product());
    let planes = result.len() / to.max(1);
    let together = (1usize << 13).div_ceil(to.max(1));
    let copies = taps.all.len() == axis.output && taps.all.iter().all(|tap| tap.weight == 1.0);
    let shared = Shared::new(&mut result);
    for_each(planes.div_ceil(together), |index| {
        for plane in index * together..((index + 1) * together).min(planes) {
            // SAFETY: planes do not overlap.
            let result = unsafe { shared.part(plane * to..(plane + 1) * to) };
            let source = &source[plane * from..][..from];
            match (copies, inner) {
                (true, 1) => result.iter_mut().zip(&taps.all).for_each(|(to, tap)| *to = source[tap.index]),
                (false, 1) => {
                    for (o, to) in result.iter_mut().enumerate() {
                        *to = taps.of(o).iter().fold(0.0, |sum, tap| sum + source[tap.index] * tap.weight);
                    }
                }
                _ => {
                    for (o, to) in result.chunks_mut(inner).enumerate() {
                        mix(source, taps.of(o).iter().map(|tap| (tap.index * inner, tap.weight)), to);
                    }
                }
            }
        }
    });
    x.recycle(context.buffers);
    Value::f32s(&shape, result)
}

/// The weighted sum of rows of `source` that begin at places.
fn mix(source: &[f32], taps: impl Iterator<Item = (usize, f32)>, to: &mut [f32]) {
    let mut is_first = true;
    for (start, weight) in taps {
        let row = &source[start..][..to.len()];
        match (is_first, weight == 1.0) {
            (true, true) => to.copy_from_slice(row),
            (true, false) => to.iter_mut().zip(row).for_each(|(to, x)| *to = x * weight),
            (false, _) => to.iter_mut().zip(row).for_each(|(to, x)| *to += x * weight),
        }
        is_first = false;
    }
    if is_first {
        to.fill(0.0);
    }
}

/// The extrapolation value where an element has no taps along one axis.
fn extrapolated(y: Value, axis: &ResizedAxis, taps: &FilterTaps, params: &Resize, context: &Context) -> Value {
    let outside: Vec<usize> = (0..axis.output).filter(|&o| taps.of(o).is_empty()).collect();
    if outside.is_empty() {
        return y;
    }
    let shape = y.shape().to_vec();
    let inner: usize = shape[axis.axis + 1..].iter().product();
    let mut data = y.into_f32s(context.buffers);
    for plane in data.chunks_mut((axis.output * inner).max(1)) {
        outside.iter().for_each(|&o| plane[o * inner..(o + 1) * inner].fill(params.extrapolation_value));
    }
    Value::f32s(&shape, data)
}
