//! Elementwise operators as programs: alone, or in a chain that is one loop.

use imagine_graph::{DType, Op};

use super::{binary, cast, select, unary};
use crate::context::Context;
use crate::elementwise::{Builder, Operand, Source};
use crate::value::Value;

/// Runs one elementwise operator.
pub(super) fn run(op: &Op, inputs: Vec<Value>, context: &Context) -> Value {
    let mut builder = Builder::default();
    let operands: Vec<_> = inputs.iter().map(|input| builder.source(input.dtype())).collect();
    let result = build(op, &operands, &mut builder).expect("the operator is elementwise");
    let sources: Vec<_> = inputs.iter().map(|input| Source::new(input, context.shape())).collect();
    let mut results = builder.finish(&[result]).run(&sources, context.shape(), context.buffers);
    inputs.into_iter().for_each(|input| input.recycle(context.buffers));
    results.remove(0)
}

/// Adds an operator to a program; `None` if it is not elementwise.
pub(crate) fn build(op: &Op, operands: &[Operand], builder: &mut Builder) -> Option<Operand> {
    Some(match (op, operands) {
        (Op::Identity(_), [x]) => *x,
        (Op::Cast(params), [x]) => cast::build(params, *x, builder),
        (Op::Where(_), [condition, a, b]) => select::build([*condition, *a, *b], builder),
        (
            Op::Add(_)
            | Op::Sub(_)
            | Op::Mul(_)
            | Op::Div(_)
            | Op::Min(_)
            | Op::Max(_)
            | Op::Mod(_)
            | Op::Pow(_)
            | Op::PRelu(_)
            | Op::Greater(_)
            | Op::GreaterOrEqual(_)
            | Op::Less(_)
            | Op::LessOrEqual(_)
            | Op::Equal(_)
            | Op::And(_)
            | Op::Or(_)
            | Op::Xor(_),
            [a, b],
        ) => binary::build(op, *a, *b, builder),
        (
            Op::Clip(_)
            | Op::Relu(_)
            | Op::LeakyRelu(_)
            | Op::ThresholdedRelu(_)
            | Op::Elu(_)
            | Op::Selu(_)
            | Op::Gelu(_)
            | Op::Mish(_)
            | Op::Softplus(_)
            | Op::Softsign(_)
            | Op::HardSigmoid(_)
            | Op::HardSwish(_)
            | Op::Sigmoid(_)
            | Op::Tanh(_)
            | Op::Sin(_)
            | Op::Cos(_)
            | Op::Asin(_)
            | Op::Acos(_)
            | Op::Atan(_)
            | Op::Exp(_)
            | Op::Log(_)
            | Op::Sqrt(_)
            | Op::Reciprocal(_)
            | Op::Erf(_)
            | Op::Floor(_)
            | Op::Ceil(_)
            | Op::Round(_)
            | Op::Neg(_)
            | Op::Abs(_)
            | Op::Sign(_)
            | Op::Not(_),
            [x],
        ) => unary::build(op, *x, builder),
        _ => return None,
    })
}

/// Whether an operator is a function of the elements at each place.
pub(crate) fn is_elementwise(op: &Op) -> bool {
    (1..=3).any(|count| {
        let mut builder = Builder::default();
        let operands: Vec<Operand> = (0..count).map(|_| builder.source(DType::F32)).collect();
        build(op, &operands, &mut builder).is_some()
    })
}
