//! `ArgMax` and `ArgMin`: the first or last index whose element equals the extremum.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::{Shape, TensorData};
use imagine_graph::Reduction;

use super::reduce::{Extremum, axes, extremum};
use crate::value::Value;

pub(super) fn run<B: Backend>(
    which: Extremum,
    op: &impl Reduction,
    last: bool,
    x: Value<B>,
    shape: &[usize],
) -> Value<B> {
    let full = x.shape();
    let axis = axes(op, full.len())[0];
    let mut kept = full.clone();
    kept[axis] = 1;
    let found = extremum(which, op, x.clone(), &kept).broadcast(&full);
    let (misses, device) = match (x, found) {
        (Value::Float(x), Value::Float(found)) => {
            let device = B::float_device(&x);
            (B::float_not_equal(x, found, get_device_settings::<B>(&device).bool_dtype), device)
        }
        (x, found) => {
            let x = x.into_int();
            let device = B::int_device(&x);
            (B::int_not_equal(x, found.into_int(), get_device_settings::<B>(&device).bool_dtype), device)
        }
    };
    let mut along = vec![1; full.len()];
    along[axis] = full[axis];
    let indices = TensorData::new((0..full[axis] as i32).collect::<Vec<_>>(), along).convert::<B::IntElem>();
    let indices = B::int_expand(B::int_from_data(indices, &device), Shape::from(full.clone()));
    let found = if last {
        B::int_max_dim(B::int_mask_fill(indices, misses, (-1).into()), axis)
    } else {
        B::int_min_dim(B::int_mask_fill(indices, misses, (full[axis] as i32).into()), axis)
    };
    Value::Int(B::int_reshape(found, Shape::from(shape.to_vec())))
}
