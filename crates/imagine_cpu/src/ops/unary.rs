//! Elementwise operators of one tensor.

use imagine_graph::{Approximate, DType, Op};

use crate::elementwise::{Builder, Function, Operand, apply_in_place};

/// The operator on a run of floats, in place.
pub(crate) fn float(op: &Op, data: &mut [f32]) {
    functions(op, DType::F32).into_iter().flatten().for_each(|function| apply_in_place(function, data));
}

/// Adds the operator's functions to a program.
pub(super) fn build(op: &Op, x: Operand, builder: &mut Builder) -> Operand {
    functions(op, x.dtype()).into_iter().flatten().fold(x, |x, function| builder.push(function, &[x]))
}

/// The functions that the operator applies to elements of type `dtype`, one after the other.
fn functions(op: &Op, dtype: DType) -> [Option<Function>; 2] {
    let is_int = dtype == DType::I32;
    let function = match op {
        Op::Clip(params) => return [params.min.map(Function::AtLeast), params.max.map(Function::AtMost)],
        Op::Relu(_) => Function::Relu,
        Op::LeakyRelu(params) => Function::LeakyRelu(params.alpha),
        Op::ThresholdedRelu(params) => Function::ThresholdedRelu(params.alpha),
        Op::Elu(params) => Function::Elu(params.alpha),
        Op::Selu(params) => Function::Selu { alpha: params.alpha, gamma: params.gamma },
        Op::Gelu(params) => match params.approximate {
            Approximate::None => Function::Gelu,
            Approximate::Tanh => Function::GeluTanh,
        },
        Op::Mish(_) => Function::Mish,
        Op::Softplus(_) => Function::Softplus,
        Op::Softsign(_) => Function::Softsign,
        Op::HardSigmoid(params) => Function::HardSigmoid { alpha: params.alpha, beta: params.beta },
        Op::HardSwish(_) => Function::HardSwish,
        Op::Sigmoid(_) => Function::Sigmoid,
        Op::Tanh(_) => Function::Tanh,
        Op::Sin(_) => Function::Sin,
        Op::Cos(_) => Function::Cos,
        Op::Asin(_) => Function::Asin,
        Op::Acos(_) => Function::Acos,
        Op::Atan(_) => Function::Atan,
        Op::Exp(_) => Function::Exp,
        Op::Log(_) => Function::Log,
        Op::Sqrt(_) => Function::Sqrt,
        Op::Reciprocal(_) => Function::Reciprocal,
        Op::Erf(_) => Function::Erf,
        Op::Floor(_) => Function::Floor,
        Op::Ceil(_) => Function::Ceil,
        Op::Round(_) => Function::Round,
        Op::Neg(_) if is_int => Function::NegInt,
        Op::Abs(_) if is_int => Function::AbsInt,
        Op::Sign(_) if is_int => Function::SignInt,
        Op::Neg(_) => Function::Neg,
        Op::Abs(_) => Function::Abs,
        Op::Sign(_) => Function::Sign,
        Op::Not(_) => Function::Not,
        _ => unreachable!("{} is no elementwise operator of one tensor", op.name()),
    };
    [Some(function), None]
}
