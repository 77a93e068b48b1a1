//! `CumSum`: burn's own; on the flipped tensor if reversed, on the shifted tensor if exclusive.

use burn::tensor::backend::Backend;
use imagine_graph::{CumSum, Pad};

use super::{pad, slice};
use crate::value::Value;

pub(super) fn run<B: Backend>(params: &CumSum, x: Value<B>) -> Value<B> {
    let shape = x.shape();
    let axis = params.axis(shape.len()).expect("the shape rule accepted it");
    let x = if params.reverse { flip(x, axis) } else { x };
    // A zero in front, without the last element, shifts every sum by one.
    let x = if params.exclusive { shifted(x, axis) } else { x };
    let sums = match x {
        Value::Float(t) => Value::Float(B::float_cumsum(t, axis)),
        Value::Int(t) => Value::Int(B::int_cumsum(t, axis)),
        Value::Bool(_) => unreachable!("the shape rule asked for numbers"),
    };
    if params.reverse { flip(sums, axis) } else { sums }
}

fn shifted<B: Backend>(x: Value<B>, axis: usize) -> Value<B> {
    pad::run(&Pad { pads: vec![1, -1], axes: vec![axis as i64], ..Pad::default() }, x)
}

fn flip<B: Backend>(x: Value<B>, axis: usize) -> Value<B> {
    let shape = x.shape();
    let range = |(index, &length): (usize, &usize)| {
        if index == axis { slice::range(length - 1, length, -1) } else { slice::range(0, length, 1) }
    };
    let ranges: Vec<_> = shape.iter().enumerate().map(range).collect();
    slice::cut(x, &ranges)
}
