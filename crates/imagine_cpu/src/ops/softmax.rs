//! `Softmax` and `LogSoftmax`.

use imagine_graph::{LogSoftmax, Softmax};

use crate::context::Context;
use crate::value::Value;

pub(super) fn softmax(params: &Softmax, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}

pub(super) fn log_softmax(params: &LogSoftmax, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}
