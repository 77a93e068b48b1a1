//! `Transpose` and `Expand` as one kernel call: a strided copy. `Tile` uses `ops/pad`; `Reshape` is a view and needs no call.

use imagine_graph::{MAX_RANK, PadMode, Size, TensorType, Transpose, ValueId};

use crate::analysis::fused::NodeInput;
use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, broadcast, call, row_major};
use crate::ops::pad;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/shape" {
        axes: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        start: u32,
        unused: u32,
    }
}

/// The call of `Transpose`.
pub fn lower_transpose(op: &Transpose, node: &Lowering) -> KernelCall {
    let strides = row_major(&node.input(0).value_type.shape);
    let permutation = op.permutation(strides.len()).expect("the shape rule accepted the permutation");
    let permuted: Vec<i64> = permutation.into_iter().map(|axis| strides[axis]).collect();
    lower(&permuted, node)
}

/// The call of `Expand`.
pub fn lower_expand(node: &Lowering) -> KernelCall {
    lower(&broadcast(&node.input(0).value_type.shape, node.output_shape().len()), node)
}

/// The call of `Tile`: wrap padding at the end.
pub fn lower_tile(node: &Lowering) -> KernelCall {
    let rank = node.output_shape().len();
    pad::padded(&vec![[0; 2]; rank], PadMode::Wrap, 0, node)
}

fn lower(strides: &[i64], node: &Lowering) -> KernelCall {
    strided(node.output_shape(), strides, node)
}

/// A call that walks the input by `strides` and writes an output of `shape` in row-major order.
pub(crate) fn strided(shape: &[usize], strides: &[i64], node: &Lowering) -> KernelCall {
    let Axes { axes, rank } = Axes::new(shape, [strides]);
    let count = shape.iter().product::<usize>();
    let params = Params { axes, rank, count: count as u32, ..Params::default() };
    call(node, [axes_def(rank)], &params, count, 0)
}

/// A call that copies `value`, for a next state that no kernel writes.
pub(crate) fn copy(label: &str, value: ValueId, value_type: &TensorType) -> KernelCall {
    let input = NodeInput { value, value_type, weight: None };
    let node = Lowering::new(label, Size::new(1, 1), vec![Some(input)], vec![(value, value_type)]);
    lower(&row_major(&value_type.shape), &node)
}
