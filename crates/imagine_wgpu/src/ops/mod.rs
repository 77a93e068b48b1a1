//! From operator to kernel calls: one file a stem, beside its shader `shaders/ops/<stem>.wgsl`.
//!
//! A lowering computes the params uniform, the shader defs, the grid and the cost, and nothing else.

use imagine_graph::Op;

use crate::lower::{Lowered, Lowering};

pub mod conv;

/// The kernel calls of one node. Views and constants have none: the plan treats them before it comes here.
pub fn lower(op: &Op, node: &Lowering) -> Lowered {
    match op {
        Op::Conv(op) => conv::lower(op, node),
        _ => Ok(Vec::new()),
    }
}

/// Whether the operator's lowering applies [`Lowering::activation`], so that a following activation needs no pass.
pub fn fuses_activation(op: &Op) -> bool {
    matches!(op, Op::Conv(_))
}
