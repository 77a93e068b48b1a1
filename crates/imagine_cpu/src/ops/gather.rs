//! `Gather`, `GatherElements` and `GatherND`: runs of the data where indices do not change, else one element after the other.

use imagine_graph::{Gather, GatherElements, GatherLayout, GatherND};
use rayon::prelude::*;

use crate::context::Context;
use crate::element::{Element, with_elements};
use crate::strided::{self, Axis};
use crate::value::Value;

/// Elements below which one thread gathers all.
const SMALL: usize = 1 << 14;

pub(super) fn gather(params: &Gather, x: Value, indices: Value, context: &Context) -> Value {
    let layout = params.layout(x.shape(), indices.shape()).expect("the shape rule accepted it");
    run(&layout, x, indices, context)
}

pub(super) fn elements(params: &GatherElements, x: Value, indices: Value, context: &Context) -> Value {
    let layout = params.layout(x.shape(), indices.shape()).expect("the shape rule accepted it");
    run(&layout, x, indices, context)
}

pub(super) fn nd(params: &GatherND, x: Value, indices: Value, context: &Context) -> Value {
    let layout = params.layout(x.shape(), indices.shape()).expect("the shape rule accepted it");
    run(&layout, x, indices, context)
}

fn run(layout: &GatherLayout, x: Value, indices: Value, context: &Context) -> Value {
    with_elements!(x, |from| picked(layout, from, indices.as_i32s(), context))
}

fn picked<T: Element>(layout: &GatherLayout, from: &[T], indices: &[i32], context: &Context) -> Value {
    let strides = layout.data_strides.iter().zip(&layout.index_strides);
    let axes = layout.shape.iter().zip(strides);
    let axes = strided::merged(
        axes.map(|(&length, (data, index))| Axis { length, strides: [*data as isize, *index as isize] }),
    );
    let (inner, outer) = (axes[axes.len() - 1], &axes[..axes.len() - 1]);
    let place = |data: isize, index: isize| {
        let picks = layout.picks.iter().zip(&indices[index as usize..]);
        picks.fold(data as usize, |place, (pick, index)| place + inside(*index, pick.length) * pick.stride)
    };
    let [data_stride, index_stride] = inner.strides;
    let mut to = T::take(context.shape().iter().product(), context);
    let rows = (SMALL / 4).div_ceil(inner.length);
    let fill = |(chunk, to): (usize, &mut [T])| {
        let count = to.len() / inner.length;
        let mut to = to.chunks_exact_mut(inner.length);
        strided::for_each(outer, chunk * rows, count, |[data, index]| {
            let to = to.next().expect("there are as many rows");
            if index_stride == 0 && data_stride == 1 {
                to.copy_from_slice(&from[place(data, index)..][..inner.length]);
                return;
            }
            if let [pick] = layout.picks[..] {
                let mut at = data;
                let indices = indices[index as usize..].iter().step_by(index_stride.max(1) as usize);
                if index_stride > 0 {
                    for (to, index) in to.iter_mut().zip(indices) {
                        *to = from[at as usize + inside(*index, pick.length) * pick.stride];
                        at += data_stride;
                    }
                    return;
                }
            }
            for (step, to) in to.iter_mut().enumerate() {
                *to = from[place(data + step as isize * data_stride, index + step as isize * index_stride)];
            }
        });
    };
    if to.len() < SMALL {
        to.chunks_mut(rows * inner.length).enumerate().for_each(fill);
    } else {
        to.par_chunks_mut(rows * inner.length).enumerate().for_each(fill);
    }
    T::value(context.shape(), to)
}

/// An index counted from the front, clamped to an axis of `length`.
#[inline]
pub(super) fn inside(index: i32, length: usize) -> usize {
    let (index, length) = (i64::from(index), length as i64);
    (if index < 0 { index + length } else { index }).clamp(0, length - 1) as usize
}
