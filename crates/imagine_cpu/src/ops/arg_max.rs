//! `ArgMax` and `ArgMin`: the first or last index whose element equals the extremum.

use imagine_graph::{ArgMax, ArgMin};

use crate::context::Context;
use crate::value::Value;

pub(super) fn max(params: &ArgMax, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}

pub(super) fn min(params: &ArgMin, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}
