//! Symbolic dimensions among the parameters of operators.

use super::Op;
use crate::tensor::Dim;

impl Op {
    /// The symbolic dimensions among the parameters; empty if there are none.
    pub(crate) fn dims_mut(&mut self) -> &mut [Dim] {
        match self {
            Op::RandomUniform(op) => &mut op.shape,
            Op::RandomNormal(op) => &mut op.shape,
            Op::Bernoulli(op) => &mut op.shape,
            Op::ExemplarStart(op) => &mut op.shape,
            Op::ExemplarMove(op) => &mut op.shape,
            Op::AffineGrid(op) => &mut op.size,
            Op::Reshape(op) => &mut op.shape,
            Op::Expand(op) => &mut op.shape,
            Op::Resize(op) => &mut op.sizes,
            _ => &mut [],
        }
    }
}
