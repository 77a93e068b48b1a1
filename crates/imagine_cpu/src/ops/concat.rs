//! `Concat`.

use imagine_graph::Concat;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &Concat, inputs: Vec<Value>, context: &Context) -> Value {
    let _ = (params, inputs, context);
    unimplemented!()
}
