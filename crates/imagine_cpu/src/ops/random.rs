//! `RandomUniform`, `RandomNormal` and `Bernoulli`: drawn on the CPU by [`imagine_graph::rng`], which defines them bit by bit.

use imagine_graph::{Bernoulli, RandomNormal, RandomUniform};

use crate::context::Context;
use crate::value::Value;

pub(super) fn uniform(params: &RandomUniform, context: &Context) -> Value {
    let _ = (params, context);
    unimplemented!()
}

pub(super) fn normal(params: &RandomNormal, context: &Context) -> Value {
    let _ = (params, context);
    unimplemented!()
}

pub(super) fn bernoulli(params: &Bernoulli, x: Value, context: &Context) -> Value {
    let _ = (params, x, context);
    unimplemented!()
}
