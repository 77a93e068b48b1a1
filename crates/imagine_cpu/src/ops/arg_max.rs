//! `ArgMax` and `ArgMin`: the first or last index whose element equals the extremum.

use imagine_graph::{ArgMax, ArgMin, Reduction};
use rayon::prelude::*;

use crate::context::Context;
use crate::simd::{self, Kernel, Lanes};
use crate::value::{Data, Value};

/// Elements of a row that a thread searches at once.
const COLUMNS: usize = 1024;

pub(super) fn max(params: &ArgMax, x: Value, context: &Context) -> Value {
    let last = params.select_last_index;
    let found = match x.data() {
        // NaN never wins.
        Data::F32(elements) => {
            search(params, elements, &x, |a, b| (a > b) | (b.is_nan() & !a.is_nan()), |a, b| last & (a == b))
        }
        Data::I32(elements) => search(params, elements, &x, |a, b| a > b, |a, b| last & (a == b)),
        Data::Bool(_) => unreachable!("the shape rule asked for numbers"),
    };
    Value::i32s(context.shape(), found)
}

pub(super) fn min(params: &ArgMin, x: Value, context: &Context) -> Value {
    let last = params.select_last_index;
    let found = match x.data() {
        Data::F32(elements) => {
            search(params, elements, &x, |a, b| (a < b) | (b.is_nan() & !a.is_nan()), |a, b| last & (a == b))
        }
        Data::I32(elements) => search(params, elements, &x, |a, b| a < b, |a, b| last & (a == b)),
        Data::Bool(_) => unreachable!("the shape rule asked for numbers"),
    };
    Value::i32s(context.shape(), found)
}

/// The index along the reduced axis of the element that is better than all before it, or as good where that counts.
fn search<T: Copy + Sync>(
    op: &impl Reduction,
    elements: &[T],
    x: &Value,
    better: impl Fn(T, T) -> bool + Sync,
    as_good: impl Fn(T, T) -> bool + Sync,
) -> Vec<i32> {
    let reduced = op.reduced(x.shape().len()).expect("the shape rule accepted it");
    let axis = reduced.iter().position(|reduced| *reduced).expect("one axis is reduced");
    let (length, inner): (usize, usize) = (x.shape()[axis], x.shape()[axis + 1..].iter().product());
    let mut found = vec![0; elements.len() / length];
    // Parts of rows, each with the planes' elements below it.
    let width = inner.min(COLUMNS);
    let parts = found.chunks_mut(inner).enumerate().flat_map(|(plane, row)| {
        let parts = row.chunks_mut(width).enumerate();
        parts.map(move |(part, found)| (plane * length * inner + part * width, found))
    });
    let parts: Vec<(usize, &mut [i32])> = parts.collect();
    parts.into_par_iter().with_min_len((1usize << 14).div_ceil(length * width)).for_each(|(first, found)| {
        simd::run(Rows { elements: &elements[first..], inner, length, found, better: &better, as_good: &as_good });
    });
    found
}

/// Columns of a matrix with rows of `inner` elements.
struct Rows<'a, T, B, G> {
    elements: &'a [T],
    inner: usize,
    length: usize,
    found: &'a mut [i32],
    better: &'a B,
    as_good: &'a G,
}

impl<T: Copy, B: Fn(T, T) -> bool, G: Fn(T, T) -> bool> Kernel for Rows<'_, T, B, G> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        let mut best = self.elements[..self.found.len()].to_vec();
        for index in 1..self.length {
            let row = &self.elements[index * self.inner..][..best.len()];
            for ((best, found), x) in best.iter_mut().zip(self.found.iter_mut()).zip(row) {
                let wins = (self.better)(*x, *best) | (self.as_good)(*x, *best);
                *best = if wins { *x } else { *best };
                *found = if wins { index as i32 } else { *found };
            }
        }
    }
}
