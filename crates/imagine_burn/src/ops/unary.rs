//! Elementwise operators of one tensor.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use imagine_graph::Clip;

use crate::value::Value;

pub(super) fn run<B: Backend>(formula: impl Fn(FloatTensor<B>) -> FloatTensor<B>, x: Value<B>) -> Value<B> {
    Value::Float(formula(x.into_float()))
}

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
