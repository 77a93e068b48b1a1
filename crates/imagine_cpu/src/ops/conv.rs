//! `Conv`: explicit padding where burn's symmetric zeros do not suffice, then the backend's convolution. Rows are images of

use imagine_graph::Conv;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &Conv, x: Value, w: Value, b: Option<Value>, context: &Context) -> Value {
    let _ = (params, x, w, b, context);
    unimplemented!()
}
