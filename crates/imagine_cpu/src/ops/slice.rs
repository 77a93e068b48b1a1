//! `Slice` and `Split`.

use imagine_graph::{Slice, Split};

use super::shape;
use crate::context::Context;
use crate::strided;
use crate::value::Value;

pub(super) fn run(params: &Slice, x: Value, context: &Context) -> Value {
    let ranges = params.ranges(x.shape()).expect("the shape rule accepted them");
    let own = strided::strides(x.shape());
    let offset = ranges.iter().zip(&own).map(|((start, ..), stride)| start * *stride as usize).sum();
    let strides: Vec<_> = ranges.iter().zip(&own).map(|((_, _, step), stride)| *step as isize * stride).collect();
    shape::copy(x, offset, context.shape(), &strides, context.shape(), context)
}

pub(super) fn split(params: &Split, x: Value, context: &Context) -> Vec<Value> {
    let (axis, parts) = params.parts(x.shape()).expect("the shape rule accepted them");
    let strides = strided::strides(x.shape());
    let part = |((first, _), output): (&(usize, usize), &imagine_graph::TensorType)| {
        let offset = first * strides[axis] as usize;
        shape::copy(x.clone(), offset, &output.shape, &strides, &output.shape, context)
    };
    parts.iter().zip(&context.outputs).map(part).collect()
}
