//! From operator to kernel calls: one file a stem, beside its shader `shaders/ops/<stem>.wgsl`.
//!
//! A lowering computes the params uniform, the shader defs, the grid and the cost, and nothing else.

use imagine_graph::Op;

use crate::lower::{Activation, Lowered, Lowering};
use crate::params::ParamsLayout;

mod axes;
pub mod binary;
pub mod conv;
pub mod random;
pub mod select;
pub mod slice;
pub mod unary;

/// The params uniform of every kernel below `shaders/ops`, for the test that compares them with the shaders.
pub const LAYOUTS: &[ParamsLayout] = &[
    binary::Params::LAYOUT,
    random::Params::LAYOUT,
    select::Params::LAYOUT,
    slice::Params::LAYOUT,
    unary::Params::LAYOUT,
];

/// The kernel calls of one node. Views and constants have none: the plan treats them before it comes here.
pub fn lower(op: &Op, node: &Lowering) -> Lowered {
    match op {
        Op::Conv(op) => conv::lower(op, node),
        Op::Add(_) => Ok(vec![binary::lower("OP_ADD", node)]),
        Op::Sub(_) => Ok(vec![binary::lower("OP_SUB", node)]),
        Op::Mul(_) => Ok(vec![binary::lower("OP_MUL", node)]),
        Op::Div(_) => Ok(vec![binary::lower("OP_DIV", node)]),
        Op::Greater(_) => Ok(vec![binary::lower("OP_GREATER", node)]),
        Op::Relu(_) => Ok(vec![unary::lower_activation(Activation::Relu, node)]),
        Op::Tanh(_) => Ok(vec![unary::lower_activation(Activation::Tanh, node)]),
        Op::RandomUniform(op) => Ok(vec![random::lower_uniform(op, node)]),
        Op::Clip(op) => {
            let activation = Activation::Clip(op.min.unwrap_or(f32::MIN), op.max.unwrap_or(f32::MAX));
            Ok(vec![unary::lower_activation(activation, node)])
        }
        Op::Where(_) => Ok(vec![select::lower(node)]),
        Op::Slice(op) => Ok(vec![slice::lower(op, node)]),
        Op::RandomNormal(op) => Ok(vec![random::lower_normal(op, node)]),
        #[expect(unreachable_patterns, reason = "operators that have no kernel yet")]
        _ => Err(crate::lower::LowerError::Unsupported {
            node: node.node.into(),
            op: op.name(),
            reason: "no kernel".into(),
        }),
    }
}

/// Whether the operator's lowering applies [`Lowering::activation`], so that a following activation needs no pass.
pub fn fuses_activation(op: &Op) -> bool {
    matches!(op, Op::Conv(_))
}
