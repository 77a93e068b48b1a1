//! Pooling, one axis after the other: combines shifted, strided slices of the padded input.

use imagine_graph::{AveragePool, LpPool};

use crate::context::Context;
use crate::value::Value;

pub(super) fn average(params: &AveragePool, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}

pub(super) fn lp(params: &LpPool, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}

/// The maxima, and their flat indices if `params` asks for them.
pub(super) fn max(params: &imagine_graph::MaxPool, x: Value, context: &Context) -> Vec<Value> {
    let _ = (params, x, context);
    unimplemented!()
}
