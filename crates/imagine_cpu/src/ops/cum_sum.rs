//! `CumSum`: sums along an axis, from its first element on or from its last.

use imagine_graph::CumSum;
use rayon::prelude::*;

use crate::context::Context;
use crate::element::Element;
use crate::value::{Data, Value};

pub(super) fn run(params: &CumSum, x: Value, context: &Context) -> Value {
    match x.data() {
        Data::F32(elements) => sums(params, elements, |a: f32, b| a + b, context),
        Data::I32(elements) => sums(params, elements, i32::wrapping_add, context),
        Data::Bool(_) => unreachable!("the shape rule asked for numbers"),
    }
}

fn sums<T: Element>(params: &CumSum, from: &[T], add: impl Fn(T, T) -> T + Sync, context: &Context) -> Value {
    let shape = context.shape();
    let axis = params.axis(shape.len()).expect("the shape rule accepted it");
    let (length, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let mut to = T::take(from.len(), context);
    let planes = to.par_chunks_exact_mut(length * inner).zip(from.par_chunks_exact(length * inner));
    planes.with_min_len(((1 << 14) / (length * inner)).max(1)).for_each(|(to, from)| {
        let mut sums = vec![T::default(); inner];
        for step in 0..length {
            let at = if params.reverse { length - 1 - step } else { step } * inner;
            let rows = sums.iter_mut().zip(&mut to[at..][..inner]).zip(&from[at..][..inner]);
            for ((sum, to), from) in rows {
                let before = *sum;
                *sum = if step == 0 { *from } else { add(before, *from) };
                *to = if params.exclusive { before } else { *sum };
            }
        }
    });
    T::value(shape, to)
}
