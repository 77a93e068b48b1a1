//! `Einsum` as one kernel call: letters are strides, and a repeated letter has the sum of its strides. If the last two letters of
//! the output are the rows of one input and the columns of the other and at most one letter is summed, it is a `MatMul`.

use imagine_graph::{Einsum, MAX_RANK};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, call, row_major};
use crate::ops::matmul::{self, MatrixProduct};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/einsum" {
        kept: [[i32; 4]; MAX_RANK],
        summed: [[i32; 4]; MAX_RANK],
        kept_rank: u32,
        summed_rank: u32,
        count: u32,
        terms: u32,
        step: [i32; 2],
        steps: u32,
        unused: u32,
    }
}

/// The call of `Einsum`.
pub fn lower(op: &Einsum, node: &Lowering) -> KernelCall {
    let shapes: Vec<&[usize]> = node.inputs.iter().flatten().map(|input| input.value_type.shape.as_slice()).collect();
    let axes = op.axes(&shapes).expect("the shape rule accepted the equation");
    let mut strides = [vec![0; axes.lengths.len()], vec![0; axes.lengths.len()]];
    for ((strides, numbers), shape) in strides.iter_mut().zip(&axes.inputs).zip(&shapes) {
        let own = row_major(shape);
        // An axis of length 1 broadcasts along its letter.
        let moving = (0..shape.len()).filter(|&axis| shape[axis] > 1);
        moving.for_each(|axis| strides[numbers[axis]] += own[axis]);
    }
    if let Some(product) = product(&axes.output, &axes.summed(), &axes.lengths, &strides).filter(|_| shapes.len() == 2)
    {
        let outer = &axes.output[..axes.output.len() - 2];
        let [left, right] = strides.map(|all| outer.iter().map(|&number| all[number]).collect::<Vec<i64>>());
        return matmul::lower(node.output_shape(), [&left, &right], &product, node);
    }
    let walk = |numbers: &[usize]| {
        let lengths: Vec<usize> = numbers.iter().map(|&number| axes.lengths[number]).collect();
        let along = |input: usize| numbers.iter().map(|&number| strides[input][number]).collect::<Vec<i64>>();
        Axes::new(&lengths, [&along(0), &along(1)])
    };
    let (kept, mut summed) = (walk(&axes.output), walk(&axes.summed()));
    let terms: usize = axes.summed().iter().map(|&number| axes.lengths[number]).product();
    // The kernel steps along the innermost letter and walks the others.
    let [steps, left, right, _] = summed.axes[MAX_RANK - 1];
    summed.axes[MAX_RANK - 1] = [1, 0, 0, 0];
    let count = node.outputs[0].1.elements();
    let params = Params {
        kept: kept.axes,
        summed: summed.axes,
        kept_rank: kept.rank,
        summed_rank: summed.rank,
        count: count as u32,
        terms: (terms / steps as usize) as u32,
        step: [left, right],
        steps: steps as u32,
        ..Params::default()
    };
    let defs = [(shapes.len() == 2).then_some("PRODUCT")];
    call(node, defs, &params, count, 2 * (count as u64).saturating_mul(terms as u64))
}

/// The matrix product that the equation is, if it is one.
fn product(output: &[usize], summed: &[usize], lengths: &[usize], strides: &[Vec<i64>; 2]) -> Option<MatrixProduct> {
    let &[.., row, column] = output else { return None };
    let apart = strides[0][column] == 0 && strides[1][row] == 0;
    let (steps, terms) = match *summed {
        [] => ([0, 0], 1),
        [letter] => (strides.each_ref().map(|all| all[letter]), lengths[letter]),
        _ => return None,
    };
    let strides = [strides[0][row], strides[1][column]];
    apart.then_some(MatrixProduct { strides, steps, terms, addend: [0, 0], factors: [1.0, 0.0] })
}
