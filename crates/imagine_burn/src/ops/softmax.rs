//! `Softmax` and `LogSoftmax`.

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use imagine_graph::Reduction;

use super::reduce::along;

/// `x` minus its maximum along the axis, which gets no gradient.
fn shifted<B: Backend>(op: &impl Reduction, x: FloatTensor<B>) -> FloatTensor<B> {
    let largest = B::float_detach(along::<B>(B::float_max_dim, op, x.clone()));
    let largest = B::float_expand(largest, x.shape());
    B::float_sub(x, largest)
}

pub(super) fn softmax<B: Backend>(op: &impl Reduction, x: FloatTensor<B>) -> FloatTensor<B> {
    let e = B::float_exp(shifted::<B>(op, x));
    let sum = B::float_expand(along::<B>(B::float_sum_dim, op, e.clone()), e.shape());
    B::float_div(e, sum)
}

pub(super) fn log_softmax<B: Backend>(op: &impl Reduction, x: FloatTensor<B>) -> FloatTensor<B> {
    let x = shifted::<B>(op, x);
    let sum = along::<B>(B::float_sum_dim, op, B::float_exp(x.clone()));
    let log = B::float_expand(B::float_log(sum), x.shape());
    B::float_sub(x, log)
}
