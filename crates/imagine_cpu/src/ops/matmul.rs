//! `MatMul` and `Gemm`.

use imagine_graph::Gemm;

use crate::context::Context;
use crate::value::Value;

pub(super) fn matmul(a: Value, b: Value, context: &Context) -> Value {
    let _ = (a, b, context);
    unimplemented!()
}

pub(super) fn gemm(params: &Gemm, a: Value, b: Value, c: Option<Value>, context: &Context) -> Value {
    let _ = (params, a, b, c, context);
    unimplemented!()
}
