//! `Where`.

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(condition: Value, a: Value, b: Value, context: &Context) -> Value {
    let _ = (condition, a, b, context);
    unimplemented!()
}
