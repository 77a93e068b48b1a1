//! `Transpose`, `Expand` and `Tile` for any element type: copies by strides.

use imagine_graph::{Tile, Transpose};

use crate::context::Context;
use crate::element::{Element, with_elements};
use crate::strided;
use crate::value::Value;

pub(super) fn transpose(params: &Transpose, x: Value, context: &Context) -> Value {
    let own = strided::strides(x.shape());
    let axes = params.permutation(own.len()).expect("the shape rule accepted it");
    let strides: Vec<_> = axes.into_iter().map(|axis| own[axis]).collect();
    copy(x, 0, context.shape(), &strides, context.shape(), context)
}

pub(super) fn expand(x: Value, context: &Context) -> Value {
    let strides = strided::broadcast(x.shape(), context.shape());
    copy(x, 0, context.shape(), &strides, context.shape(), context)
}

pub(super) fn tile(params: &Tile, x: Value, context: &Context) -> Value {
    // An axis of repetitions before each axis of elements.
    let lengths = x.shape().iter().zip(&params.repeats).flat_map(|(&length, &times)| [times, length]);
    let strides = strided::strides(x.shape()).into_iter().flat_map(|stride| [0, stride]);
    let (lengths, strides): (Vec<_>, Vec<_>) = (lengths.collect(), strides.collect());
    copy(x, 0, &lengths, &strides, context.shape(), context)
}

/// The elements at `offset` and `strides` along axes of these `lengths`, as a tensor of `shape`.
pub(super) fn copy(
    x: Value,
    offset: usize,
    lengths: &[usize],
    strides: &[isize],
    shape: &[usize],
    context: &Context,
) -> Value {
    let copied = with_elements!(x, |from| elements(from, offset, lengths, strides, shape, context));
    x.recycle(context.buffers);
    copied
}

fn elements<T: Element>(
    from: &[T],
    offset: usize,
    lengths: &[usize],
    strides: &[isize],
    shape: &[usize],
    context: &Context,
) -> Value {
    let mut to = T::take(shape.iter().product(), context);
    strided::copy(from, offset, lengths, strides, &mut to);
    T::value(shape, to)
}
