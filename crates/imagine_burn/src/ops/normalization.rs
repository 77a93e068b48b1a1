//! Normalisation by statistics of the input.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use imagine_graph::{InstanceNormalization, LpNormalization, Reduction};

use super::batch_normalization::channels;
use super::reduce::along;
use crate::value::Value;

/// The mean over the axes that `op` reduces, in the shape of `x`.
fn mean<B: Backend>(op: &impl Reduction, x: FloatTensor<B>) -> FloatTensor<B> {
    let shape = x.shape();
    B::float_expand(along::<B>(B::float_mean_dim, op, x), shape)
}

/// `(x - mean) / sqrt(var + epsilon)`.
pub(super) fn standard<B: Backend>(op: &impl Reduction, epsilon: f32, x: FloatTensor<B>) -> FloatTensor<B> {
    let centred = B::float_sub(x.clone(), mean::<B>(op, x));
    root_mean_square::<B>(op, epsilon, centred)
}

/// `x / sqrt(mean of x * x + epsilon)`.
pub(super) fn root_mean_square<B: Backend>(op: &impl Reduction, epsilon: f32, x: FloatTensor<B>) -> FloatTensor<B> {
    let square = mean::<B>(op, B::float_mul(x.clone(), x.clone()));
    B::float_div(x, B::float_sqrt(B::float_add_scalar(square, epsilon.into())))
}

/// `(x - mean) / (sqrt(var) + 1e-9)`.
pub(super) fn mean_variance<B: Backend>(op: &impl Reduction, x: FloatTensor<B>) -> FloatTensor<B> {
    let centred = B::float_sub(x.clone(), mean::<B>(op, x));
    let var = mean::<B>(op, B::float_mul(centred.clone(), centred.clone()));
    B::float_div(centred, B::float_add_scalar(B::float_sqrt(var), 1e-9.into()))
}

/// `[N, C, ..]` normalised in `groups` groups of channels; scale and bias are `[C]`.
pub(super) fn group<B: Backend>(
    groups: usize,
    epsilon: f32,
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    bias: FloatTensor<B>,
) -> FloatTensor<B> {
    let shape = x.shape();
    let rest = shape.num_elements() / shape[0] / groups;
    let grouped = B::float_reshape(x, Shape::from([shape[0], groups, rest]));
    let y = standard::<B>(&InstanceNormalization::default(), epsilon, grouped);
    let y = B::float_reshape(y, shape.clone());
    B::float_add(B::float_mul(y, channels::<B>(scale, &shape)), channels::<B>(bias, &shape))
}

/// `y * scale + bias`; both are optional and broadcast to `y`.
pub(super) fn affine<B: Backend>(
    y: FloatTensor<B>,
    scale: Option<FloatTensor<B>>,
    bias: Option<FloatTensor<B>>,
) -> FloatTensor<B> {
    let shape = y.shape().to_vec();
    let spread = |part: FloatTensor<B>| Value::<B>::Float(part).broadcast(&shape).into_float();
    let y = match scale {
        Some(scale) => B::float_mul(y, spread(scale)),
        None => y,
    };
    match bias {
        Some(bias) => B::float_add(y, spread(bias)),
        None => y,
    }
}

/// `x` divided by its norm along the axis; 0 where the norm is 0.
pub(super) fn norm<B: Backend>(op: &LpNormalization, x: FloatTensor<B>) -> FloatTensor<B> {
    let size = if op.p == 1 { B::float_abs(x.clone()) } else { B::float_mul(x.clone(), x.clone()) };
    let sum = along::<B>(B::float_sum_dim, op, size);
    let norm = if op.p == 1 { sum } else { B::float_sqrt(sum) };
    let norm = B::float_expand(norm, x.shape());
    let zero = B::float_equal_elem(norm.clone(), 0.0.into(), get_device_settings::<B>(&B::float_device(&x)).bool_dtype);
    // Where the norm is 0, x is 0 too.
    B::float_div(x, B::float_mask_fill(norm, zero, 1.0.into()))
}
