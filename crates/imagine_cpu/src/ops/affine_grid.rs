//! `AffineGrid`: the matrix of all positions times the transposed affine map.

use imagine_graph::AffineGrid;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &AffineGrid, theta: Value, context: &Context) -> Value {
    let _ = (params, theta, context);
    unimplemented!()
}
