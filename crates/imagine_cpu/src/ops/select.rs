//! `Where`.

use imagine_graph::{Op, Where};

use super::elementwise;
use crate::context::Context;
use crate::elementwise::{Builder, Function, Operand};
use crate::value::Value;

pub(super) fn run(condition: Value, a: Value, b: Value, context: &Context) -> Value {
    elementwise::run(&Op::Where(Where {}), vec![condition, a, b], context)
}

/// Adds the operator to a program.
pub(super) fn build([condition, a, b]: [Operand; 3], builder: &mut Builder) -> Operand {
    builder.push(Function::Where(a.dtype()), &[condition, a, b])
}
