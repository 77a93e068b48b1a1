//! `ArgMax` and `ArgMin`: the first or last index whose element equals the extremum.

use imagine_graph::{ArgMax, ArgMin, Reduction};
use rayon::prelude::*;

use crate::context::Context;
use crate::value::{Data, Value};

pub(super) fn max(params: &ArgMax, x: Value, context: &Context) -> Value {
    run(params, params.select_last_index, x, context, [|a, b| a > b, |a, b| a >= b], [|a, b| a > b, |a, b| a >= b])
}

pub(super) fn min(params: &ArgMin, x: Value, context: &Context) -> Value {
    run(params, params.select_last_index, x, context, [|a, b| a < b, |a, b| a <= b], [|a, b| a < b, |a, b| a <= b])
}

/// Of each pair of rules, the first takes strictly better elements, the second also equal ones.
fn run(
    op: &impl Reduction,
    last: bool,
    x: Value,
    context: &Context,
    floats: [fn(f32, f32) -> bool; 2],
    integers: [fn(i32, i32) -> bool; 2],
) -> Value {
    let reduced = op.reduced(x.shape().len()).expect("the shape rule accepted it");
    let axis = reduced.iter().position(|reduced| *reduced).expect("one axis is reduced");
    let (length, inner) = (x.shape()[axis], x.shape()[axis + 1..].iter().product());
    let index = usize::from(last);
    let found = match x.data() {
        Data::F32(elements) => {
            // NaN never wins.
            search(elements, length, inner, |a, b| floats[index](a, b) || (b.is_nan() && !a.is_nan()))
        }
        Data::I32(elements) => search(elements, length, inner, integers[index]),
        Data::Bool(_) => unreachable!("the shape rule asked for numbers"),
    };
    Value::i32s(context.shape(), found)
}

/// The index along the middle axis of the element that is better than all before it.
fn search<T: Copy + Sync>(x: &[T], length: usize, inner: usize, better: impl Fn(T, T) -> bool + Sync) -> Vec<i32> {
    let mut found = vec![0; x.len() / length];
    let planes = found.par_chunks_exact_mut(inner).zip(x.par_chunks_exact(length * inner));
    planes.with_min_len((1usize << 14).div_ceil(length * inner)).for_each(|(found, x)| {
        let mut best = x[..inner].to_vec();
        for (index, row) in x.chunks_exact(inner).enumerate().skip(1) {
            for ((best, found), x) in best.iter_mut().zip(found.iter_mut()).zip(row) {
                if better(*x, *best) {
                    (*best, *found) = (*x, index as i32);
                }
            }
        }
    });
    found
}
