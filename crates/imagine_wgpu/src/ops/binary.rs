//! Elementwise operators of two tensors as one kernel call; broadcast axes have stride 0.

use imagine_graph::{DType, MAX_RANK};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, broadcast, call};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/binary" {
        axes: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        unused: [u32; 2],
    }
}

/// The call of the operator that `def` chooses in the shader.
pub fn lower(def: &'static str, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let strides = [0, 1].map(|input| broadcast(&node.input(input).value_type.shape, shape.len()));
    let Axes { axes, rank } = Axes::new(shape, [&strides[0], &strides[1]]);
    let count = shape.iter().product::<usize>();
    let params = Params { axes, rank, count: count as u32, ..Params::default() };
    let [a, b] = [0, 1].map(|input| node.input(input).value_type.dtype);
    let c = node.outputs[0].1.dtype;
    let defs = [
        Some(def),
        element(a, ["A_I32", "A_BOOL"]),
        element(b, ["B_I32", "B_BOOL"]),
        element(c, ["C_I32", "C_BOOL"]),
        axes_def(rank),
    ];
    call(node, defs, &params, count, count as u64)
}

/// The def of an element type; floats need none.
fn element(dtype: DType, [integer, truth]: [&'static str; 2]) -> Option<&'static str> {
    match dtype {
        DType::F32 => None,
        DType::I32 => Some(integer),
        DType::Bool => Some(truth),
    }
}
