//! `Gather`, `GatherElements` and `GatherND`: a flat index into the data for every element of the output.

use imagine_graph::{Gather, GatherElements, GatherND};

use crate::context::Context;
use crate::value::Value;

pub(super) fn gather(params: &Gather, x: Value, indices: Value, context: &Context) -> Value {
    let _ = (params, x, indices, context);
    unimplemented!()
}

pub(super) fn elements(params: &GatherElements, x: Value, indices: Value, context: &Context) -> Value {
    let _ = (params, x, indices, context);
    unimplemented!()
}

pub(super) fn nd(params: &GatherND, x: Value, indices: Value, context: &Context) -> Value {
    let _ = (params, x, indices, context);
    unimplemented!()
}
