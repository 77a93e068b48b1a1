//! Normalisation by statistics of the input.

use imagine_graph::{
    GroupNormalization, InstanceNormalization, LayerNormalization, LpNormalization, MeanVarianceNormalization,
    RMSNormalization,
};

use crate::context::Context;
use crate::value::Value;

pub(super) fn instance(
    params: &InstanceNormalization,
    x: Value,
    scale: Value,
    bias: Value,
    context: &Context,
) -> Value {
    let _ = (params, x, scale, bias, context);
    unimplemented!()
}

pub(super) fn group(params: &GroupNormalization, x: Value, scale: Value, bias: Value, context: &Context) -> Value {
    let _ = (params, x, scale, bias, context);
    unimplemented!()
}

pub(super) fn layer(
    params: &LayerNormalization,
    x: Value,
    scale: Value,
    bias: Option<Value>,
    context: &Context,
) -> Value {
    let _ = (params, x, scale, bias, context);
    unimplemented!()
}

pub(super) fn root_mean_square(params: &RMSNormalization, x: Value, scale: Value, context: &Context) -> Value {
    let _ = (params, x, scale, context);
    unimplemented!()
}

pub(super) fn mean_variance(params: &MeanVarianceNormalization, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}

pub(super) fn norm(params: &LpNormalization, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}
