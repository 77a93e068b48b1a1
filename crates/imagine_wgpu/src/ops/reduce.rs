//! Reductions as one kernel call.

use imagine_graph::{DType, MAX_RANK, Reduction};

use crate::kernel::{KernelCall, workgroups};
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, call, row_major};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/reduce" {
        kept: [[i32; 4]; MAX_RANK],
        reduced: [[i32; 4]; MAX_RANK],
        kept_rank: u32,
        reduced_rank: u32,
        count: u32,
        terms: u32,
    }
}

/// A walk over the axes of `shape` that are reduced, or over the others.
pub(crate) fn walk<const N: usize>(shape: &[usize], is_reduced: &[bool], reduced: bool, strides: [&[i64]; N]) -> Axes {
    let part: Vec<usize> = (0..shape.len()).filter(|&axis| is_reduced[axis] == reduced).collect();
    let lengths: Vec<usize> = part.iter().map(|&axis| shape[axis]).collect();
    let strides = strides.map(|all| part.iter().map(|&axis| all[axis]).collect::<Vec<i64>>());
    Axes::new(&lengths, strides.each_ref().map(Vec::as_slice))
}

/// Gives each of `count` sets of elements one workgroup if the last axis is reduced, else one invocation.
///
/// If the last axis is reduced, the elements of a set are adjacent in memory and a workgroup reads them together; otherwise
/// adjacent sets are. The choice depends on the axes alone.
pub(crate) fn cooperate(mut call: KernelCall, is_reduced: &[bool], count: usize) -> KernelCall {
    call.workgroups = [workgroups(count), 1, 1];
    if is_reduced.last() == Some(&true) {
        call.workgroups[0] = count as u32;
        call.defs.push(("COOPERATIVE", crate::kernel::ShaderDef::Bool(true)));
        call.defs.sort();
    }
    call
}

/// The call of the reduction that `def` names in the shader.
pub fn lower(def: &'static str, op: &impl Reduction, node: &Lowering) -> KernelCall {
    let data = node.input(0).value_type;
    let is_reduced = op.reduced(data.shape.len()).expect("the shape rule accepted the axes");
    let strides = row_major(&data.shape);
    let [kept, reduced] = [false, true].map(|part| walk(&data.shape, &is_reduced, part, [&strides]));
    let count = node.outputs[0].1.elements();
    let all = data.elements();
    let params = Params {
        kept: kept.axes,
        reduced: reduced.axes,
        kept_rank: kept.rank,
        reduced_rank: reduced.rank,
        count: count as u32,
        terms: (all / count) as u32,
        ..Params::default()
    };
    let defs = [Some(def), type_def(data.dtype), axes_def(reduced.rank)];
    cooperate(call(node, defs, &params, count, all as u64), &is_reduced, count)
}

/// The def that tells a kernel the type of its elements.
pub(crate) fn type_def(dtype: DType) -> Option<&'static str> {
    match dtype {
        DType::F32 => None,
        DType::I32 => Some("TYPE_I32"),
        DType::Bool => Some("TYPE_BOOL"),
    }
}

/// Length of the one reduced axis of `shape`, and the stride between its elements.
pub(crate) fn line(shape: &[usize], is_reduced: &[bool]) -> [usize; 2] {
    let axis = is_reduced.iter().position(|reduced| *reduced).expect("the shape rule accepted the axis");
    [shape[axis], shape[axis + 1..].iter().product()]
}
