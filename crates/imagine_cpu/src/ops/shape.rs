//! `Reshape`, `Transpose` and `Tile` for any element type.

use imagine_graph::{Tile, Transpose};

use crate::context::Context;
use crate::value::Value;

pub(super) fn transpose(params: &Transpose, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}

pub(super) fn expand(x: Value, context: &Context) -> Value {
    let _ = (x, context);
    unimplemented!()
}

pub(super) fn tile(params: &Tile, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}
