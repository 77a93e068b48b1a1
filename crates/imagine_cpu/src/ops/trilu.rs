//! `Trilu`: zeros outside the triangle, by a mask.

use imagine_graph::Trilu;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &Trilu, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}
