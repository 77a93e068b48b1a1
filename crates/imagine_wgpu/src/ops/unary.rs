//! Elementwise operators of one tensor as one kernel call.

use imagine_graph::Clip;

use crate::kernel::{Head, KernelCall};
use crate::lower::{Activation, Lowering};
use crate::ops::axes::call;
use crate::params::params;

params! {
    /// Params of `ops/unary`.
    pub(crate) struct Params for "ops/unary" {
        head: Head,
        activation: [f32; 2],
        count: u32,
        unused: u32,
    }
}

/// The call of an operator that kernels can also apply before they store.
pub fn lower_activation(activation: Activation, node: &Lowering) -> KernelCall {
    lower(activation.def(), activation.params(), node)
}

/// The call of the operator that `def` chooses in the shader.
pub fn lower_function(def: &'static str, node: &Lowering) -> KernelCall {
    lower(Some(def), [0.0; 2], node)
}

/// `Clip` as an activation; a missing bound is the largest float, as in ONNX.
pub fn clip(op: &Clip) -> Activation {
    Activation::Clip(op.min.unwrap_or(f32::MIN), op.max.unwrap_or(f32::MAX))
}

fn lower(def: Option<&'static str>, activation: [f32; 2], node: &Lowering) -> KernelCall {
    let count = node.outputs[0].1.elements();
    let params = Params { activation, count: count as u32, ..Params::default() };
    call(node, Params::SHADER, def.as_slice(), &params, count, count as u64)
}
