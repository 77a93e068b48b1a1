//! `Concat`.

use burn::tensor::backend::Backend;
use imagine_graph::Concat;

use crate::value::Value;

pub(super) fn run<B: Backend>(params: &Concat, inputs: Vec<Value<B>>) -> Value<B> {
    let axis = params.axis(inputs[0].shape().len()).expect("the shape rule accepted it");
    join(inputs, axis)
}

/// Concatenates values of one element type along `axis`.
pub(super) fn join<B: Backend>(inputs: Vec<Value<B>>, axis: usize) -> Value<B> {
    match inputs[0] {
        Value::Float(_) => Value::Float(B::float_cat(inputs.into_iter().map(Value::into_float).collect(), axis)),
        Value::Int(_) => Value::Int(B::int_cat(inputs.into_iter().map(Value::into_int).collect(), axis)),
        Value::Bool(_) => Value::Bool(B::bool_cat(inputs.into_iter().map(Value::into_bool).collect(), axis)),
    }
}
