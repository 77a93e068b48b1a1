//! Elementwise operators of one tensor that burn does not have as one call.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::{FloatTensor, IntTensor};
use imagine_graph::{Approximate, Clip, Selu, ThresholdedRelu};

use crate::value::Value;

/// For floats or integers.
pub(super) fn number<B: Backend>(
    float: impl Fn(FloatTensor<B>) -> FloatTensor<B>,
    int: impl Fn(IntTensor<B>) -> IntTensor<B>,
    x: Value<B>,
) -> Value<B> {
    match x {
        Value::Float(x) => Value::Float(float(x)),
        x => Value::Int(int(x.into_int())),
    }
}

/// Clamps `X` to the given bounds.
pub(super) fn clip<B: Backend>(params: &Clip, x: FloatTensor<B>) -> FloatTensor<B> {
    let x = match params.min {
        Some(min) => B::float_clamp_min(x, min.into()),
        None => x,
    };
    match params.max {
        Some(max) => B::float_clamp_max(x, max.into()),
        None => x,
    }
}

pub(super) fn thresholded_relu<B: Backend>(params: &ThresholdedRelu, x: FloatTensor<B>) -> FloatTensor<B> {
    let dtype = get_device_settings::<B>(&B::float_device(&x)).bool_dtype;
    let below = B::float_lower_equal_elem(x.clone(), params.alpha.into(), dtype);
    B::float_mask_fill(x, below, 0.0.into())
}

/// `max(X, 0) + alpha (exp(min(X, 0)) - 1)`.
pub(super) fn elu<B: Backend>(alpha: f32, x: FloatTensor<B>) -> FloatTensor<B> {
    let negative = B::float_exp(B::float_clamp_max(x.clone(), 0.0.into()));
    let negative = B::float_mul_scalar(B::float_add_scalar(negative, (-1.0).into()), alpha.into());
    B::float_add(B::relu(x), negative)
}

pub(super) fn selu<B: Backend>(params: &Selu, x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_mul_scalar(elu::<B>(params.alpha, x), params.gamma.into())
}

pub(super) fn gelu<B: Backend>(approximate: Approximate, x: FloatTensor<B>) -> FloatTensor<B> {
    let odd = match approximate {
        Approximate::None => B::float_erf(B::float_mul_scalar(x.clone(), std::f32::consts::FRAC_1_SQRT_2.into())),
        Approximate::Tanh => {
            let cube = B::float_mul(x.clone(), B::float_mul(x.clone(), x.clone()));
            let sum = B::float_add(x.clone(), B::float_mul_scalar(cube, 0.044715.into()));
            B::float_tanh(B::float_mul_scalar(sum, (2.0 / std::f32::consts::PI).sqrt().into()))
        }
    };
    B::float_mul(x, B::float_mul_scalar(B::float_add_scalar(odd, 1.0.into()), 0.5.into()))
}

/// `max(X, 0) + ln(1 + exp(-abs(X)))`, which cannot overflow.
pub(super) fn softplus<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let rest = B::float_log1p(B::float_exp(B::float_neg(B::float_abs(x.clone()))));
    B::float_add(B::relu(x), rest)
}

pub(super) fn softsign<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_div(x.clone(), B::float_add_scalar(B::float_abs(x), 1.0.into()))
}

pub(super) fn mish<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_mul(x.clone(), B::float_tanh(softplus::<B>(x)))
}

/// `clip(slope X + offset, 0, 1)`.
pub(super) fn ramp<B: Backend>(x: FloatTensor<B>, slope: f32, offset: f32) -> FloatTensor<B> {
    let line = B::float_add_scalar(B::float_mul_scalar(x, slope.into()), offset.into());
    B::float_clamp_max(B::float_clamp_min(line, 0.0.into()), 1.0.into())
}

pub(super) fn hard_swish<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_mul(x.clone(), ramp::<B>(x, 1.0 / 6.0, 0.5))
}
