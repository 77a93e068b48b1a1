//! `Trilu`: zeros outside the triangle, by a mask.

use burn::tensor::backend::Backend;
use burn::tensor::{Shape, TensorData};
use imagine_graph::Trilu;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run<B: Backend>(params: &Trilu, x: Value<B>, context: &Context<B>) -> Value<B> {
    let shape = x.shape();
    let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let mask = (0..rows * columns).map(|i| !params.keeps(i / columns, i % columns)).collect::<Vec<bool>>();
    let data = TensorData::new(mask, [rows, columns]).convert::<B::BoolElem>();
    let mask = B::bool_from_data(data, context.device);
    let padded = [vec![1; shape.len() - 2], vec![rows, columns]].concat();
    let mask = B::bool_expand(B::bool_reshape(mask, Shape::from(padded)), Shape::from(shape));
    match x {
        Value::Float(t) => Value::Float(B::float_mask_fill(t, mask, 0.0f32.into())),
        Value::Int(t) => Value::Int(B::int_mask_fill(t, mask, 0i64.into())),
        Value::Bool(t) => Value::Bool(B::bool_and(t, B::bool_not(mask))),
    }
}
