//! Reductions, one axis after the other.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Shape, Slice as Range, TensorMetadata};
use imagine_graph::Reduction;

use crate::value::Value;

/// Which element a reduction keeps.
#[derive(Clone, Copy)]
pub(super) enum Extremum {
    Max,
    Min,
}

/// The axes that `op` reduces.
pub(super) fn axes(op: &impl Reduction, rank: usize) -> Vec<usize> {
    let reduced = op.reduced(rank).expect("the shape rule accepted it");
    (0..rank).filter(|&axis| reduced[axis]).collect()
}

/// Applies `step` along every reduced axis, which keeps length 1.
pub(super) fn along<B: Backend>(
    step: impl Fn(FloatTensor<B>, usize) -> FloatTensor<B>,
    op: &impl Reduction,
    x: FloatTensor<B>,
) -> FloatTensor<B> {
    axes(op, x.shape().num_dims()).into_iter().fold(x, step)
}

fn along_int<B: Backend>(
    step: impl Fn(IntTensor<B>, usize) -> IntTensor<B>,
    op: &impl Reduction,
    x: IntTensor<B>,
) -> IntTensor<B> {
    axes(op, x.shape().num_dims()).into_iter().fold(x, step)
}

/// A reduction of floats or integers.
pub(super) fn number<B: Backend>(
    float: impl Fn(FloatTensor<B>, usize) -> FloatTensor<B>,
    int: impl Fn(IntTensor<B>, usize) -> IntTensor<B>,
    op: &impl Reduction,
    x: Value<B>,
    shape: &[usize],
) -> Value<B> {
    let shape = Shape::from(shape.to_vec());
    match x {
        Value::Float(x) => Value::Float(B::float_reshape(along::<B>(float, op, x), shape)),
        x => Value::Int(B::int_reshape(along_int::<B>(int, op, x.into_int()), shape)),
    }
}

/// The largest or smallest element; truth values count as 0 and 1.
pub(super) fn extremum<B: Backend>(which: Extremum, op: &impl Reduction, x: Value<B>, shape: &[usize]) -> Value<B> {
    let reduce = |x| match which {
        Extremum::Max => number(B::float_max_dim, B::int_max_dim, op, x, shape),
        Extremum::Min => number(B::float_min_dim, B::int_min_dim, op, x, shape),
    };
    let Value::Bool(x) = x else { return reduce(x) };
    let settings = get_device_settings::<B>(&B::bool_device(&x));
    let found = reduce(Value::Int(B::bool_into_int(x, settings.int_dtype))).into_int();
    Value::Bool(B::int_greater_elem(found, 0.into(), settings.bool_dtype))
}

pub(super) fn mean<B: Backend>(op: &impl Reduction, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    B::float_reshape(along::<B>(B::float_mean_dim, op, x), Shape::from(shape.to_vec()))
}

pub(super) fn sum<B: Backend>(op: &impl Reduction, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    B::float_reshape(along::<B>(B::float_sum_dim, op, x), Shape::from(shape.to_vec()))
}

pub(super) fn sum_square<B: Backend>(op: &impl Reduction, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    sum::<B>(op, B::float_mul(x.clone(), x), shape)
}

/// The product along one axis, factor by factor: burn's own takes logarithms.
pub(super) fn product<B: Backend>(x: FloatTensor<B>, axis: usize) -> FloatTensor<B> {
    let factor = |index: usize| {
        let mut ranges = vec![Range::full(); x.shape().num_dims()];
        ranges[axis] = Range::new(index as isize, Some(index as isize + 1), 1);
        B::float_slice(x.clone(), &ranges)
    };
    (1..x.shape()[axis]).fold(factor(0), |product, index| B::float_mul(product, factor(index)))
}

/// `log(sum of exp(x - m)) + m`, where m is the largest x, without gradient.
pub(super) fn log_sum_exp<B: Backend>(op: &impl Reduction, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let largest = B::float_detach(along::<B>(B::float_max_dim, op, x.clone()));
    let shifted = B::float_sub(x.clone(), B::float_expand(largest.clone(), x.shape()));
    let log = B::float_log(sum::<B>(op, B::float_exp(shifted), shape));
    B::float_add(log, B::float_reshape(largest, Shape::from(shape.to_vec())))
}
