//! Elementwise operators of two tensors; broadcasting is explicit, since not every backend has it.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::FloatTensor;

use crate::value::Value;

pub(super) fn float<B: Backend>(
    formula: impl Fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
    a: Value<B>,
    b: Value<B>,
    shape: &[usize],
) -> Value<B> {
    Value::Float(formula(a.broadcast(shape).into_float(), b.broadcast(shape).into_float()))
}

/// `min(A, B)`; B where they are equal, as its gradient goes.
pub(super) fn min<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    let dtype = get_device_settings::<B>(&B::float_device(&a)).bool_dtype;
    let smaller = B::float_lower(a.clone(), b.clone(), dtype);
    B::float_mask_where(b, smaller, a)
}

/// `max(A, B)`; B where they are equal, as its gradient goes.
pub(super) fn max<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    let dtype = get_device_settings::<B>(&B::float_device(&a)).bool_dtype;
    let larger = B::float_greater(a.clone(), b.clone(), dtype);
    B::float_mask_where(b, larger, a)
}

pub(super) fn greater<B: Backend>(a: Value<B>, b: Value<B>, shape: &[usize]) -> Value<B> {
    let (a, b) = (a.broadcast(shape).into_float(), b.broadcast(shape).into_float());
    let dtype = get_device_settings::<B>(&B::float_device(&a)).bool_dtype;
    Value::Bool(B::float_greater(a, b, dtype))
}
