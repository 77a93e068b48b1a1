//! `GridSample`: the sum of all taps, each gathered by its flat index and weighted.

use imagine_graph::GridSample;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &GridSample, x: Value, grid: Value, context: &Context) -> Value {
    let _ = (params, x, grid, context);
    unimplemented!()
}
