//! `Constant`: its tensor, on the device.

use burn::tensor::backend::Backend;
use imagine_graph::Constant;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run<B: Backend>(params: &Constant, context: &Context<B>) -> Value<B> {
    Value::from_data(&params.value, context.device)
}
