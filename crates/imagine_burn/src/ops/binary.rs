//! Elementwise operators of two tensors. Broadcasting is explicit, because not every backend has it.

use burn::tensor::BoolDType;
use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::{BoolTensor, FloatTensor, IntTensor};
use imagine_graph::Mod;

use crate::value::Value;

/// For floats or integers.
pub(super) fn arithmetic<B: Backend>(
    float: impl Fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
    int: impl Fn(IntTensor<B>, IntTensor<B>) -> IntTensor<B>,
    a: Value<B>,
    b: Value<B>,
    shape: &[usize],
) -> Value<B> {
    match (a.broadcast(shape), b.broadcast(shape)) {
        (Value::Float(a), Value::Float(b)) => Value::Float(float(a, b)),
        (a, b) => Value::Int(int(a.into_int(), b.into_int())),
    }
}

/// For floats or integers, to truth values.
pub(super) fn compare<B: Backend>(
    float: impl Fn(FloatTensor<B>, FloatTensor<B>, BoolDType) -> BoolTensor<B>,
    int: impl Fn(IntTensor<B>, IntTensor<B>, BoolDType) -> BoolTensor<B>,
    a: Value<B>,
    b: Value<B>,
    shape: &[usize],
) -> Value<B> {
    Value::Bool(match (a.broadcast(shape), b.broadcast(shape)) {
        (Value::Float(a), Value::Float(b)) => {
            let dtype = bool_dtype::<B>(&B::float_device(&a));
            float(a, b, dtype)
        }
        (a, b) => {
            let a = a.into_int();
            let dtype = bool_dtype::<B>(&B::int_device(&a));
            int(a, b.into_int(), dtype)
        }
    })
}

pub(super) fn equal<B: Backend>(a: Value<B>, b: Value<B>, shape: &[usize]) -> Value<B> {
    match (a.broadcast(shape), b.broadcast(shape)) {
        (Value::Bool(a), Value::Bool(b)) => Value::Bool(B::bool_equal(a, b)),
        (a, b) => compare(B::float_equal, B::int_equal, a, b, shape),
    }
}

pub(super) fn logic<B: Backend>(
    formula: impl Fn(BoolTensor<B>, BoolTensor<B>) -> BoolTensor<B>,
    a: Value<B>,
    b: Value<B>,
    shape: &[usize],
) -> Value<B> {
    Value::Bool(formula(a.broadcast(shape).into_bool(), b.broadcast(shape).into_bool()))
}

/// `min(A, B)`; the gradient of equal elements goes to B.
pub(super) fn float_min<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    let smaller = B::float_lower(a.clone(), b.clone(), bool_dtype::<B>(&B::float_device(&a)));
    B::float_mask_where(b, smaller, a)
}

/// `max(A, B)`; the gradient of equal elements goes to B.
pub(super) fn float_max<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    let larger = B::float_greater(a.clone(), b.clone(), bool_dtype::<B>(&B::float_device(&a)));
    B::float_mask_where(b, larger, a)
}

pub(super) fn int_min<B: Backend>(a: IntTensor<B>, b: IntTensor<B>) -> IntTensor<B> {
    let smaller = B::int_lower(a.clone(), b.clone(), bool_dtype::<B>(&B::int_device(&a)));
    B::int_mask_where(b, smaller, a)
}

pub(super) fn int_max<B: Backend>(a: IntTensor<B>, b: IntTensor<B>) -> IntTensor<B> {
    let larger = B::int_greater(a.clone(), b.clone(), bool_dtype::<B>(&B::int_device(&a)));
    B::int_mask_where(b, larger, a)
}

/// `A / B` towards zero; A where B is 0.
pub(super) fn quotient<B: Backend>(a: IntTensor<B>, b: IntTensor<B>) -> IntTensor<B> {
    B::int_div(a, without_zero::<B>(b))
}

/// The remainder with the sign of B, with `fmod` of A; 0 where integer B is 0.
pub(super) fn remainder<B: Backend>(params: &Mod, a: Value<B>, b: Value<B>, shape: &[usize]) -> Value<B> {
    // The remainder of the quotient towards zero has the sign of A.
    let float = |a: FloatTensor<B>, b: FloatTensor<B>| {
        let whole = B::float_trunc(B::float_div(a.clone(), b.clone()));
        B::float_sub(a, B::float_mul(whole, b))
    };
    let int = |a: IntTensor<B>, b: IntTensor<B>| {
        let b = without_zero::<B>(b);
        if !params.fmod {
            return B::int_remainder(a, b);
        }
        let whole = B::int_div(a.clone(), b.clone());
        B::int_sub(a, B::int_mul(whole, b))
    };
    arithmetic(float, int, a, b, shape)
}

/// `A^B` in A's element type, through floats; integers rounded towards zero.
pub(super) fn power<B: Backend>(a: Value<B>, b: Value<B>, shape: &[usize]) -> Value<B> {
    let float = |value: Value<B>| match value.broadcast(shape) {
        Value::Float(x) => x,
        x => {
            let x = x.into_int();
            let dtype = get_device_settings::<B>(&B::int_device(&x)).float_dtype;
            B::int_into_float(x, dtype)
        }
    };
    let is_int = matches!(a, Value::Int(_));
    let result = B::float_powf(float(a), float(b));
    if !is_int {
        return Value::Float(result);
    }
    let dtype = get_device_settings::<B>(&B::float_device(&result)).int_dtype;
    Value::Int(B::float_into_int(B::float_trunc(result), dtype))
}

/// `max(X, 0) + slope min(X, 0)`.
pub(super) fn prelu<B: Backend>(x: FloatTensor<B>, slope: FloatTensor<B>) -> FloatTensor<B> {
    let negative = B::float_mul(slope, B::float_clamp_max(x.clone(), 0.0.into()));
    B::float_add(B::relu(x), negative)
}

/// `b` with 1 in place of 0.
fn without_zero<B: Backend>(b: IntTensor<B>) -> IntTensor<B> {
    let zero = B::int_equal_elem(b.clone(), 0.into(), bool_dtype::<B>(&B::int_device(&b)));
    B::int_mask_fill(b, zero, 1.into())
}

fn bool_dtype<B: Backend>(device: &B::Device) -> BoolDType {
    get_device_settings::<B>(device).bool_dtype
}
