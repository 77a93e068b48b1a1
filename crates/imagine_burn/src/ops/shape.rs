//! `Reshape`, `Transpose` and `Expand`, of any element type.

use burn::tensor::Shape;
use burn::tensor::backend::Backend;
use imagine_graph::Transpose;

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
