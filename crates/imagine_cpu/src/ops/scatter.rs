//! `ScatterElements` and `ScatterND`: the CPU lists the updates of every element; then the first updates of all elements are

use imagine_graph::{ScatterElements, ScatterND};

use crate::context::Context;
use crate::value::Value;

pub(super) fn elements(params: &ScatterElements, x: Value, indices: Value, updates: Value, context: &Context) -> Value {
    let _ = (params, x, indices, updates, context);
    unimplemented!()
}

pub(super) fn nd(params: &ScatterND, x: Value, indices: Value, updates: Value, context: &Context) -> Value {
    let _ = (params, x, indices, updates, context);
    unimplemented!()
}
