//! `Constant`: its tensor.

use imagine_graph::Constant;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &Constant, _: &Context) -> Value {
    Value::from(&params.value)
}
