//! `Reshape`, `Transpose` and `Tile` for any element type.

use burn::tensor::Shape;
use burn::tensor::backend::Backend;
use imagine_graph::{Tile, Transpose};

use crate::value::Value;

pub(super) fn reshape<B: Backend>(x: Value<B>, shape: &[usize]) -> Value<B> {
    let shape = Shape::from(shape.to_vec());
    match x {
        Value::Float(t) => Value::Float(B::float_reshape(t, shape)),
        Value::Int(t) => Value::Int(B::int_reshape(t, shape)),
        Value::Bool(t) => Value::Bool(B::bool_reshape(t, shape)),
    }
}

pub(super) fn transpose<B: Backend>(params: &Transpose, x: Value<B>) -> Value<B> {
    let axes = params.permutation(x.shape().len()).expect("the shape rule accepted it");
    match x {
        Value::Float(t) => Value::Float(B::float_permute(t, &axes)),
        Value::Int(t) => Value::Int(B::int_permute(t, &axes)),
        Value::Bool(t) => Value::Bool(B::bool_permute(t, &axes)),
    }
}

pub(super) fn tile<B: Backend>(params: &Tile, x: Value<B>) -> Value<B> {
    let repeats = params.repeats.iter().enumerate().filter(|(_, times)| **times > 1);
    repeats.fold(x, |x, (axis, times)| repeat(x, axis, *times))
}

/// Repeats `x` along `axis` by expansion: the gradient of burn 0.21's `repeat_dim` is wrong for axes longer than 1.
pub(super) fn repeat<B: Backend>(x: Value<B>, axis: usize, times: usize) -> Value<B> {
    let mut shape = x.shape();
    let (outer, block) = (shape[..axis].iter().product(), shape[axis..].iter().product());
    shape[axis] *= times;
    reshape(reshape(x, &[outer, 1, block]).broadcast(&[outer, times, block]), &shape)
}
