//! `Concat`.

use imagine_graph::Concat;
use rayon::prelude::*;

use crate::context::Context;
use crate::element::Element;
use crate::value::{Data, Value};

/// Elements below which one thread copies all.
const SMALL: usize = 1 << 15;

pub(super) fn run(params: &Concat, inputs: Vec<Value>, context: &Context) -> Value {
    let axis = params.axis(context.shape().len()).expect("the shape rule accepted it");
    let joined = match inputs[0].data() {
        Data::F32(_) => join(inputs.iter().map(Value::as_f32s).collect(), axis, context),
        Data::I32(_) => join(inputs.iter().map(Value::as_i32s).collect(), axis, context),
        Data::Bool(_) => join(inputs.iter().map(Value::as_bools).collect(), axis, context),
    };
    inputs.into_iter().for_each(|input| input.recycle(context.buffers));
    joined
}

fn join<T: Element>(inputs: Vec<&[T]>, axis: usize, context: &Context) -> Value {
    let shape = context.shape();
    let outer: usize = shape[..axis].iter().product();
    let mut joined = T::take(shape.iter().product(), context);
    let row = joined.len() / outer;
    let copy = |(index, to): (usize, &mut [T])| {
        let mut rest = to;
        for input in &inputs {
            let length = input.len() / outer;
            let part = rest.split_off_mut(..length).expect("the parts fill a row");
            part.copy_from_slice(&input[index * length..][..length]);
        }
    };
    if joined.len() < SMALL || outer == 1 {
        joined.chunks_exact_mut(row).enumerate().for_each(copy);
    } else {
        joined.par_chunks_exact_mut(row).enumerate().with_min_len(SMALL.div_ceil(row)).for_each(copy);
    }
    T::value(shape, joined)
}
