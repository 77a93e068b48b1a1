//! `Cast` as one kernel call.

use imagine_graph::{Cast, DType};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/cast" {
        count: u32,
        unused_a: u32,
        unused_b: u32,
        unused_c: u32,
    }
}

/// The call of `Cast`.
pub fn lower(params: &Cast, node: &Lowering) -> KernelCall {
    let count = node.outputs[0].1.elements();
    let from = match node.input(0).value_type.dtype {
        DType::F32 => "FROM_F32",
        DType::I32 => "FROM_I32",
        DType::Bool => "FROM_BOOL",
    };
    let to = match node.outputs[0].1.dtype {
        DType::F32 => "TO_F32",
        DType::I32 => "TO_I32",
        DType::Bool => "TO_BOOL",
    };
    let rounding = params.bfloat16.then_some("BFLOAT16");
    let params = Params { count: count as u32, ..Params::default() };
    call(node, [Some(from), Some(to), rounding], &params, count, count as u64)
}
