//! `Softmax` and `LogSoftmax`.

use imagine_graph::{Exp, LogSoftmax, Op, Reduction, Softmax};

use super::unary;
use crate::context::Context;
use crate::tile::{Shared, for_each};
use crate::value::Value;

pub(super) fn softmax(params: &Softmax, x: Value, context: &Context) -> Value {
    let axis = axis(params, x.shape().len());
    along(axis, x, context, |column, terms, width| {
        let sums = exponentials(column, terms, width, context);
        for term in column.chunks_mut(width) {
            term.iter_mut().zip(&sums).for_each(|(x, sum)| *x /= sum);
        }
    })
}

pub(super) fn log_softmax(params: &LogSoftmax, x: Value, context: &Context) -> Value {
    let axis = axis(params, x.shape().len());
    along(axis, x, context, |column, terms, width| {
        let mut copy = context.buffers.take(column.len());
        copy.copy_from_slice(column);
        let largest = maxima(column, width);
        let sums = exponentials(&mut copy, terms, width, context);
        let addends: Vec<f32> = sums.iter().map(|sum| sum.ln()).collect();
        for term in column.chunks_mut(width) {
            for ((x, largest), log) in term.iter_mut().zip(&largest).zip(&addends) {
                *x = *x - largest - log;
            }
        }
        context.buffers.give(copy);
    })
}

fn axis(op: &impl Reduction, rank: usize) -> usize {
    let reduced = op.reduced(rank).expect("the shape rule accepted it");
    reduced.iter().position(|reduced| *reduced).unwrap_or(0)
}

/// Calls `change` for parts of `x` that are `[terms, width]`, the terms along `axis`.
fn along(axis: usize, x: Value, context: &Context, change: impl Fn(&mut [f32], usize, usize) + Sync + Send) -> Value {
    let shape = x.shape().to_vec();
    let terms = shape.get(axis).copied().unwrap_or(1);
    let width = shape.iter().skip(axis + 1).product::<usize>();
    let mut data = x.into_f32s(context.buffers);
    let length = (terms * width).max(1);
    let columns = data.len() / length;
    let shared = Shared::new(&mut data);
    let together = (1usize << 11).div_ceil(length);
    for_each(columns.div_ceil(together), |index| {
        let range = index * together * length..((index + 1) * together).min(columns) * length;
        // SAFETY: columns do not overlap.
        unsafe { shared.part(range) }.chunks_mut(length).for_each(|column| change(column, terms, width));
    });
    Value::f32s(&shape, data)
}

/// The largest term of each of `width` columns.
fn maxima(column: &[f32], width: usize) -> Vec<f32> {
    let mut largest = vec![f32::NEG_INFINITY; width];
    for term in column.chunks(width) {
        largest.iter_mut().zip(term).for_each(|(largest, x)| *largest = largest.max(*x));
    }
    largest
}

/// Replaces terms by `exp(x - largest)`; returns the sum of each of `width` columns.
fn exponentials(column: &mut [f32], terms: usize, width: usize, _: &Context) -> Vec<f32> {
    let largest = maxima(column, width);
    for term in column.chunks_mut(width) {
        term.iter_mut().zip(&largest).for_each(|(x, largest)| *x -= largest);
    }
    unary::float(&Op::Exp(Exp {}), column);
    let mut sums = vec![0.0; width];
    if width == 1 {
        sums[0] = row_sum(column);
        return sums;
    }
    debug_assert_eq!(column.len(), terms * width);
    for term in column.chunks(width) {
        sums.iter_mut().zip(term).for_each(|(sum, x)| *sum += x);
    }
    sums
}

/// A sum in sixteen lanes.
fn row_sum(row: &[f32]) -> f32 {
    let mut sums = [0.0; 16];
    for chunk in row.chunks(16) {
        sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
    }
    sums.iter().sum()
}
