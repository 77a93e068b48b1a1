//! `BatchNormalization`.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

/// `rest` is scale, B, input_mean and input_var, `[C]` each.
pub(super) fn run<B: Backend>(epsilon: f32, x: FloatTensor<B>, rest: [FloatTensor<B>; 4]) -> FloatTensor<B> {
    let [scale, b, mean, var] = rest.map(|part| channels::<B>(part, &x.shape()));
    let deviation = B::float_sqrt(B::float_add_scalar(var, epsilon.into()));
    let y = B::float_div(B::float_sub(x, mean), deviation);
    B::float_add(B::float_mul(y, scale), b)
}

/// A vector `[C]` broadcast to `shape`, `[N, C, ..]`.
pub(super) fn channels<B: Backend>(vector: FloatTensor<B>, shape: &Shape) -> FloatTensor<B> {
    let mut column = vec![1; shape.num_dims()];
    column[1] = shape[1];
    B::float_expand(B::float_reshape(vector, Shape::from(column)), shape.clone())
}
