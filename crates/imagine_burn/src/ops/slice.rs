//! `Slice` and `Split`.

use burn::tensor::Slice as Range;
use burn::tensor::backend::Backend;
use imagine_graph::{Slice, Split};

use crate::value::Value;

pub(super) fn run<B: Backend>(params: &Slice, data: Value<B>) -> Value<B> {
    let ranges = params.ranges(&data.shape()).expect("the shape rule accepted them");
    let ranges: Vec<Range> = ranges.into_iter().map(|(start, count, step)| range(start, count, step)).collect();
    cut(data, &ranges)
}

pub(super) fn split<B: Backend>(params: &Split, input: Value<B>) -> Vec<Value<B>> {
    let shape = input.shape();
    let (axis, parts) = params.parts(&shape).expect("the shape rule accepted them");
    let one = |(first, length): (usize, usize)| {
        let mut ranges: Vec<Range> = shape.iter().map(|&length| range(0, length, 1)).collect();
        ranges[axis] = range(first, length, 1);
        cut(input.clone(), &ranges)
    };
    parts.into_iter().map(one).collect()
}

/// The slice of `data` in `ranges`, one per axis.
pub(super) fn cut<B: Backend>(data: Value<B>, ranges: &[Range]) -> Value<B> {
    match data {
        Value::Float(t) => Value::Float(B::float_slice(t, ranges)),
        Value::Int(t) => Value::Int(B::int_slice(t, ranges)),
        Value::Bool(t) => Value::Bool(B::bool_slice(t, ranges)),
    }
}

/// `count` elements from `start` on. In burn, a negative step walks the range from its end.
pub(super) fn range(start: usize, count: usize, step: i64) -> Range {
    let (start, last) = (start as i64, start as i64 + (count as i64 - 1) * step);
    let (low, high) = (start.min(last), start.max(last));
    Range::new(low as isize, Some(high as isize + 1), step as isize)
}
