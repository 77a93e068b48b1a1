//! `Cast`.

use imagine_graph::Cast;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &Cast, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}
