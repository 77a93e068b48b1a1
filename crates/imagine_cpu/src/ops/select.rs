//! `Where`.

use crate::elementwise::{Builder, Function, Operand};

/// Adds the operator to a program.
pub(super) fn build([condition, a, b]: [Operand; 3], builder: &mut Builder) -> Operand {
    builder.push(Function::Where(a.dtype()), &[condition, a, b])
}
