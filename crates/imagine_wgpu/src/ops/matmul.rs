//! `MatMul` and `Gemm` as one kernel call, in tiles: transposition and broadcasting are strides.

use imagine_graph::{Gemm, MAX_RANK};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, broadcast, call, row_major};
use crate::params::params;

/// Rows and columns of the output per invocation.
const TILE: usize = 4;

params! {
    pub(crate) struct Params for "ops/matmul" {
        axes: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        terms: u32,
        alpha: f32,
        shape: [u32; 2],
        strides: [i32; 2],
        steps: [i32; 2],
        addend: [i32; 2],
        beta: f32,
        unused_a: u32,
        unused_b: u32,
        unused_c: u32,
    }
}

/// Strides of a matrix product, which outer axes may repeat.
pub(crate) struct MatrixProduct {
    /// Between the rows of A and between the columns of B.
    pub strides: [i64; 2],
    /// Along the summed axis, in A and in B.
    pub steps: [i64; 2],
    /// Length of the summed axis.
    pub terms: usize,
    /// Between the rows and between the columns of C.
    pub addend: [i64; 2],
    /// Factors of the product and of C.
    pub factors: [f32; 2],
}

/// The call of `MatMul` by NumPy's rule: a vector on the left is a row, on the right a column, and that axis is removed again.
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
    let (rank, outer) = (output.len(), output.len() - 2);
    let [left_strides, right_strides] = [&left, &right].map(|shape| broadcast(shape, rank));
    let product = MatrixProduct {
        strides: [left_strides[outer], right_strides[rank - 1]],
        steps: [left_strides[rank - 1], right_strides[outer]],
        terms: left[left.len() - 1],
        addend: [0, 0],
        factors: [1.0, 0.0],
    };
    lower(&output, [&left_strides[..outer], &right_strides[..outer]], &product, node)
}

/// The call of `Gemm`.
pub fn lower_gemm(op: &Gemm, node: &Lowering) -> KernelCall {
    let left = row_major(&node.input(0).value_type.shape);
    let right = row_major(&node.input(1).value_type.shape);
    let (left_row, left_term) = if op.trans_a { (left[1], left[0]) } else { (left[0], left[1]) };
    let (right_term, right_column) = if op.trans_b { (right[1], right[0]) } else { (right[0], right[1]) };
    let terms = node.input(0).value_type.shape[usize::from(!op.trans_a)];
    let addend = node.optional(2).map_or(vec![0, 0], |c| broadcast(&c.value_type.shape, 2));
    let product = MatrixProduct {
        strides: [left_row, right_column],
        steps: [left_term, right_term],
        terms,
        addend: [addend[0], addend[1]],
        factors: [op.alpha, op.beta],
    };
    lower(node.output_shape(), [&[], &[]], &product, node)
}

/// The call of a product over the last two axes of `output`; `strides` are those of the other axes in A and in B.
pub(crate) fn lower(output: &[usize], strides: [&[i64]; 2], product: &MatrixProduct, node: &Lowering) -> KernelCall {
    let (outer, matrix) = output.split_at(output.len() - 2);
    let Axes { axes, rank } = Axes::new(outer, strides);
    let tiles = outer.iter().product::<usize>() * matrix[0].div_ceil(TILE) * matrix[1].div_ceil(TILE);
    let params = Params {
        axes,
        rank,
        count: tiles as u32,
        terms: product.terms as u32,
        alpha: product.factors[0],
        shape: [matrix[0] as u32, matrix[1] as u32],
        strides: product.strides.map(|s| s as i32),
        steps: product.steps.map(|s| s as i32),
        addend: product.addend.map(|s| s as i32),
        beta: product.factors[1],
        ..Params::default()
    };
    let defs = [node.optional(2).map(|_| "ADDEND"), axes_def(rank)];
    let flop = 2 * output.iter().product::<usize>() as u64 * product.terms as u64;
    call(node, defs, &params, tiles, flop)
}
