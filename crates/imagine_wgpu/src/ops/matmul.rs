//! `MatMul` and `Gemm` as one kernel call: transposition and broadcasting are strides.

use imagine_graph::{Gemm, MAX_RANK};

use crate::kernel::{Head, KernelCall};
use crate::lower::Lowering;
use crate::ops::axes::{Axes, broadcast, call, row_major};
use crate::params::params;

params! {
    /// Params of `ops/matmul`.
    pub(crate) struct Params for "ops/matmul" {
        head: Head,
        axes: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        terms: u32,
        alpha: f32,
        step: [i32; 2],
        beta: f32,
        unused: u32,
    }
}

/// The call of `MatMul`, with NumPy's rule: a vector on the left is a row, on the right a column, and that axis goes again.
pub fn lower_matmul(node: &Lowering) -> KernelCall {
    let mut left = node.input(0).value_type.shape.clone();
    let mut right = node.input(1).value_type.shape.clone();
    let mut output = node.output_shape().to_vec();
    if right.len() == 1 {
        right.push(1);
        output.push(1);
    }
    if left.len() == 1 {
        left.insert(0, 1);
        output.insert(output.len() - 1, 1);
    }
    let rank = output.len();
    let mut left_strides = broadcast(&left, rank);
    let mut right_strides = broadcast(&right, rank);
    let terms = left[left.len() - 1];
    let step = [left_strides[rank - 1], right_strides[rank - 2]];
    left_strides[rank - 1] = 0;
    right_strides[rank - 2] = 0;
    let walk = Axes::new(&output, [&left_strides, &right_strides]);
    lower(&walk, terms, step, [1.0, 0.0], false, node)
}

/// The call of `Gemm`.
pub fn lower_gemm(op: &Gemm, node: &Lowering) -> KernelCall {
    let left = row_major(&node.input(0).value_type.shape);
    let right = row_major(&node.input(1).value_type.shape);
    let (left_row, left_term) = if op.trans_a { (left[1], left[0]) } else { (left[0], left[1]) };
    let (right_term, right_column) = if op.trans_b { (right[1], right[0]) } else { (right[0], right[1]) };
    let terms = node.input(0).value_type.shape[usize::from(!op.trans_a)];
    let addend = node.optional(2).map_or(vec![0, 0], |c| broadcast(&c.value_type.shape, 2));
    let walk = Axes::new(node.output_shape(), [&[left_row, 0], &[0, right_column], &addend]);
    lower(&walk, terms, [left_term, right_term], [op.alpha, op.beta], node.optional(2).is_some(), node)
}

fn lower(
    walk: &Axes,
    terms: usize,
    step: [i64; 2],
    [alpha, beta]: [f32; 2],
    addend: bool,
    node: &Lowering,
) -> KernelCall {
    let count = node.outputs[0].1.elements();
    let params = Params {
        axes: walk.axes,
        rank: walk.rank,
        count: count as u32,
        terms: terms as u32,
        alpha,
        step: step.map(|s| s as i32),
        beta,
        ..Params::default()
    };
    let defs: &[&str] = if addend { &["ADDEND"] } else { &[] };
    call(node, Params::SHADER, defs, &params, count, 2 * (count * terms) as u64)
}
