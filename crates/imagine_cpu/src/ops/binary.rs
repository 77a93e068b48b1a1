//! Elementwise operators of two tensors with broadcasting.

use imagine_graph::{DType, Op};

use crate::elementwise::{Builder, Function, Operand};

/// Adds the operator's functions to a program.
pub(super) fn build(op: &Op, a: Operand, b: Operand, builder: &mut Builder) -> Operand {
    if let Op::Pow(_) = op {
        return power(a, b, builder);
    }
    builder.push(function(op, a.dtype()), &[a, b])
}

/// `a^b` in the element type of `a`, through floats; integers rounded towards zero.
fn power(a: Operand, b: Operand, builder: &mut Builder) -> Operand {
    let mut float = |x: Operand| match x.dtype() {
        DType::F32 => x,
        _ => builder.push(Function::IntToFloat, &[x]),
    };
    let operands = [float(a), float(b)];
    let power = builder.push(Function::Pow, &operands);
    if a.dtype() == DType::F32 { power } else { builder.push(Function::FloatToInt, &[power]) }
}

/// The function of an operator on elements of type `dtype`.
fn function(op: &Op, dtype: DType) -> Function {
    let is_float = dtype == DType::F32;
    let pick = |float, other| if is_float { float } else { other };
    match op {
        Op::Add(_) => pick(Function::Add, Function::AddInt),
        Op::Sub(_) => pick(Function::Sub, Function::SubInt),
        Op::Mul(_) => pick(Function::Mul, Function::MulInt),
        Op::Div(_) => pick(Function::Div, Function::DivInt),
        Op::Min(_) => pick(Function::Min, Function::MinInt),
        Op::Max(_) => pick(Function::Max, Function::MaxInt),
        Op::Mod(params) if params.fmod => pick(Function::Fmod, Function::FmodInt),
        Op::Mod(_) => Function::ModInt,
        Op::PRelu(_) => Function::PRelu,
        Op::Greater(_) => pick(Function::Greater, Function::GreaterInt),
        Op::GreaterOrEqual(_) => pick(Function::GreaterOrEqual, Function::GreaterOrEqualInt),
        Op::Less(_) => pick(Function::Less, Function::LessInt),
        Op::LessOrEqual(_) => pick(Function::LessOrEqual, Function::LessOrEqualInt),
        Op::Equal(_) => pick(Function::Equal, Function::EqualInt),
        Op::And(_) => Function::And,
        Op::Or(_) => Function::Or,
        Op::Xor(_) => Function::Xor,
        _ => unreachable!("{} is no elementwise operator of two tensors", op.name()),
    }
}
