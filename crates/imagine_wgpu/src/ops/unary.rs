//! Elementwise operators of one tensor as one kernel call.

use imagine_graph::{Approximate, DType, Gelu};

use crate::analysis::fused::Activation;
use crate::kernel::KernelCall;
use crate::lowering::{Lowering, activation_def, activation_params};
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/unary" {
        numbers: [f32; 2],
        count: u32,
        unused: u32,
    }
}

/// The call of an operator that is also an activation.
pub fn lower_activation(activation: Activation, node: &Lowering) -> KernelCall {
    lower([activation_def(activation), None], activation_params(activation), node)
}

/// The call of the operator that `def` chooses in the shader.
pub fn lower_function(def: &'static str, node: &Lowering) -> KernelCall {
    lower([Some(def), None], [0.0; 2], node)
}

/// The call of the operator that `def` chooses in the shader, with two parameters.
pub fn lower_with(def: &'static str, numbers: [f32; 2], node: &Lowering) -> KernelCall {
    lower([Some(def), None], numbers, node)
}

/// The call of an operator that also takes integers.
pub fn lower_number(def: &'static str, node: &Lowering) -> KernelCall {
    match node.input(0).value_type.dtype {
        DType::I32 => lower([Some(def), Some("X_I32")], [0.0; 2], node),
        _ => lower([Some(def), None], [0.0; 2], node),
    }
}

/// The def of `Gelu`.
pub fn gelu(op: &Gelu) -> &'static str {
    match op.approximate {
        Approximate::None => "OP_GELU",
        Approximate::Tanh => "OP_GELU_TANH",
    }
}

fn lower(defs: [Option<&'static str>; 2], numbers: [f32; 2], node: &Lowering) -> KernelCall {
    let count = node.outputs[0].1.elements();
    let params = Params { numbers, count: count as u32, ..Params::default() };
    call(node, defs, &params, count, count as u64)
}
