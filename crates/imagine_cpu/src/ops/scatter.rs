//! `ScatterElements` and `ScatterND`: the updates, in row-major order, applied to a copy of the data.

use imagine_graph::{ScatterElements, ScatterND, ScatterReduction};

use super::gather::inside;
use crate::context::Context;
use crate::element::Element;
use crate::strided::{self, Axis};
use crate::value::{Data, Value};

pub(super) fn elements(params: &ScatterElements, x: Value, indices: Value, updates: Value, context: &Context) -> Value {
    let layout = params.layout(x.shape(), indices.shape()).expect("the shape rule accepted it");
    let axis = layout.picks[0];
    let own = strided::strides(x.shape());
    // One place of the data for each update: its own, with the index along the axis.
    let axes = indices
        .shape()
        .iter()
        .enumerate()
        .map(|(n, &length)| Axis { length, strides: [if n == axis { 0 } else { own[n] }] });
    let axes = strided::merged(axes);
    let mut places = Vec::with_capacity(indices.as_i32s().len());
    let mut named = indices.as_i32s().iter();
    let (length, stride) = (x.shape()[axis], own[axis] as usize);
    strided::for_each(&axes, 0, named.len(), |[offset]| {
        let index = named.next().expect("there is an index for each place");
        places.push(offset as usize + inside(*index, length) * stride);
    });
    run(params.reduction, x, &places, 1, updates, context)
}

pub(super) fn nd(params: &ScatterND, x: Value, indices: Value, updates: Value, context: &Context) -> Value {
    let picked = indices.shape()[indices.shape().len() - 1];
    let (own, shape) = (strided::strides(x.shape()), x.shape());
    let place = |tuple: &[i32]| {
        let axes = tuple.iter().zip(shape).zip(&own);
        axes.map(|((index, length), stride)| inside(*index, *length) * *stride as usize).sum()
    };
    let places: Vec<usize> = indices.as_i32s().chunks_exact(picked).map(place).collect();
    let run_length = shape[picked..].iter().product();
    run(params.reduction, x, &places, run_length, updates, context)
}

/// Applies runs of `length` updates at `places`.
fn run(
    reduction: ScatterReduction,
    x: Value,
    places: &[usize],
    length: usize,
    updates: Value,
    context: &Context,
) -> Value {
    use ScatterReduction::{Add, Max, Min, Mul, None};
    match x.data() {
        Data::F32(data) => {
            let combine: fn(f32, f32) -> f32 = match reduction {
                None => |_, update| update,
                Add => |own, update| own + update,
                Mul => |own, update| own * update,
                Min => |own, update| if own < update { own } else { update },
                Max => |own, update| if own > update { own } else { update },
            };
            apply(data, places, length, updates.as_f32s(), combine, context)
        }
        Data::I32(data) => {
            let combine: fn(i32, i32) -> i32 = match reduction {
                None => |_, update| update,
                Add => i32::wrapping_add,
                Mul => i32::wrapping_mul,
                Min => i32::min,
                Max => i32::max,
            };
            apply(data, places, length, updates.as_i32s(), combine, context)
        }
        Data::Bool(data) => apply(data, places, length, updates.as_bools(), |_, update| update, context),
    }
}

fn apply<T: Element>(
    data: &[T],
    places: &[usize],
    length: usize,
    updates: &[T],
    combine: fn(T, T) -> T,
    context: &Context,
) -> Value {
    let mut result = T::take(data.len(), context);
    result.copy_from_slice(data);
    for (&place, updates) in places.iter().zip(updates.chunks_exact(length)) {
        let own = result[place..].iter_mut().zip(updates);
        own.for_each(|(own, update)| *own = combine(*own, *update));
    }
    T::value(context.shape(), result)
}
