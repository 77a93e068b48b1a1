//! Elementwise operators of two tensors with broadcasting.

use imagine_graph::Op;

use crate::context::Context;
use crate::value::Value;

/// Numbers that an elementwise operator reads: one for each element, or one for all.
#[derive(Clone, Copy)]
pub(crate) enum Operand<'a> {
    /// One for each element.
    Each(&'a [f32]),
    /// One for all.
    All(f32),
}

/// The operator on whole tensors of any element type.
pub(super) fn run(op: &Op, a: Value, b: Value, context: &Context) -> Value {
    let _ = (op, a, b, context);
    unimplemented!()
}

/// The operator on a run of floats. Whole tensors and the tiles of fused operators both come here. Truth values (of comparisons, and of the
/// operands of `And`, `Or` and `Xor`) are 0 and 1.
pub(crate) fn float(op: &Op, a: Operand, b: Operand, result: &mut [f32]) {
    let _ = (op, a, b, result);
    unimplemented!()
}
