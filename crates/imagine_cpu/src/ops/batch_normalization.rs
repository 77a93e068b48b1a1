//! `BatchNormalization`.

use imagine_graph::BatchNormalization;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(
    params: &BatchNormalization,
    x: Value,
    scale: Value,
    bias: Value,
    mean: Value,
    variance: Value,
    context: &Context,
) -> Value {
    let _ = (params, x, scale, bias, mean, variance, context);
    unimplemented!()
}
