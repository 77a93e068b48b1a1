//! `Where`.

use burn::tensor::backend::Backend;

use crate::value::Value;

pub(super) fn run<B: Backend>(condition: Value<B>, x: Value<B>, y: Value<B>, shape: &[usize]) -> Value<B> {
    let condition = condition.broadcast(shape).into_bool();
    match (x.broadcast(shape), y.broadcast(shape)) {
        (Value::Float(x), Value::Float(y)) => Value::Float(B::float_mask_where(y, condition, x)),
        (Value::Int(x), Value::Int(y)) => Value::Int(B::int_mask_where(y, condition, x)),
        (Value::Bool(x), Value::Bool(y)) => Value::Bool(B::bool_mask_where(y, condition, x)),
        (x, y) => unreachable!("a checked graph has one element type here: {}, {}", x.tensor_type(), y.tensor_type()),
    }
}
