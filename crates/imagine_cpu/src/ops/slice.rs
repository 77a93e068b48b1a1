//! `Slice` and `Split`.

use imagine_graph::Slice;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &Slice, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}

pub(super) fn split(params: &imagine_graph::Split, x: Value, context: &Context) -> Vec<Value> {
    let _ = (params, x, context);
    unimplemented!()
}
