//! `ReduceMean` as one kernel call.

use imagine_graph::ReduceMean;

use crate::kernel::{Head, KernelCall, workgroups};
use crate::lower::Lowering;
use crate::ops::axes::{Axes, call, row_major};
use crate::params::params;

params! {
    /// Params of `ops/reduce`.
    pub(crate) struct Params for "ops/reduce" {
        head: Head,
        kept: [[i32; 4]; 6],
        reduced: [[i32; 4]; 6],
        kept_rank: u32,
        reduced_rank: u32,
        count: u32,
        terms: u32,
    }
}

/// The call of `ReduceMean`.
///
/// Where the last axis goes, neighbouring terms are neighbours in memory, and a workgroup reads them together; where it
/// stays, neighbouring output elements are, and each invocation sums its own. The choice depends on the axes alone.
pub fn lower(op: &ReduceMean, node: &Lowering) -> KernelCall {
    let shape = &node.input(0).value_type.shape;
    let goes = op.reduced(shape.len()).expect("the shape rule accepted the axes");
    let walk = |reduced: bool| {
        let strides = row_major(shape);
        let part: Vec<usize> = (0..shape.len()).filter(|&axis| goes[axis] == reduced).collect();
        let lengths: Vec<usize> = part.iter().map(|&axis| shape[axis]).collect();
        let strides: Vec<i64> = part.iter().map(|&axis| strides[axis]).collect();
        Axes::new(&lengths, [&strides])
    };
    let (kept, reduced) = (walk(false), walk(true));
    let count = node.outputs[0].1.elements();
    let all = node.input(0).value_type.elements();
    let params = Params {
        kept: kept.axes,
        reduced: reduced.axes,
        kept_rank: kept.rank,
        reduced_rank: reduced.rank,
        count: count as u32,
        terms: (all / count) as u32,
        ..Params::default()
    };
    let cooperative = goes.last() == Some(&true);
    let defs: &[&str] = if cooperative { &["COOPERATIVE"] } else { &[] };
    let groups = if cooperative { count as u32 } else { workgroups(count) };
    KernelCall { workgroups: [groups, 1, 1], ..call(node, Params::SHADER, defs, &params, count, all as u64) }
}
