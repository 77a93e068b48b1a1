//! `ScatterElements` and `ScatterND` as one kernel call: every element gathers its updates, so that none is lost and all are
//! applied in order.

use imagine_graph::{DType, MAX_RANK, ScatterElements, ScatterLayout, ScatterND, ScatterReduction};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/scatter" {
        axes: [[i32; 4]; MAX_RANK],
        picks: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        picked: u32,
        candidates: u32,
        step: [i32; 2],
        unused: [u32; 2],
    }
}

/// The call of `ScatterElements`.
pub fn lower_elements(op: &ScatterElements, node: &Lowering) -> KernelCall {
    let [data, indices] = [0, 1].map(|input| node.input(input).value_type.shape.as_slice());
    let layout = op.layout(data, indices).expect("the shape rule accepted the axis");
    lower(&layout, op.reduction, node)
}

/// The call of `ScatterND`.
pub fn lower_nd(op: &ScatterND, node: &Lowering) -> KernelCall {
    let [data, indices] = [0, 1].map(|input| node.input(input).value_type.shape.as_slice());
    lower(&op.layout(data, indices), op.reduction, node)
}

fn lower(layout: &ScatterLayout, reduction: ScatterReduction, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let mut axes = [[1, 0, 0, 1]; MAX_RANK];
    let free = axes.len() - shape.len();
    for axis in 0..shape.len() {
        let strides = [layout.index_strides[axis], layout.update_strides[axis]];
        let [index, update] = strides.map(|stride| stride as i32);
        axes[free + axis] = [shape[axis] as i32, index, update, layout.limits[axis] as i32];
    }
    let mut picks = [[1, 1, 0, 0]; MAX_RANK];
    for (place, &axis) in picks.iter_mut().zip(&layout.picks) {
        let behind: usize = shape[axis + 1..].iter().product();
        *place = [shape[axis] as i32, behind as i32, 0, 0];
    }
    let count = shape.iter().product::<usize>();
    let params = Params {
        axes,
        picks,
        rank: shape.len() as u32,
        count: count as u32,
        picked: layout.picks.len() as u32,
        candidates: layout.candidates as u32,
        step: [layout.index_step as i32, layout.update_step as i32],
        ..Params::default()
    };
    let reduction = match reduction {
        ScatterReduction::None => None,
        ScatterReduction::Add => Some("REDUCTION_ADD"),
        ScatterReduction::Mul => Some("REDUCTION_MUL"),
        ScatterReduction::Min => Some("REDUCTION_MIN"),
        ScatterReduction::Max => Some("REDUCTION_MAX"),
    };
    // Without a reduction elements are copied as words of any type.
    let number = reduction.map(|_| if node.outputs[0].1.dtype == DType::I32 { "INTEGER" } else { "FLOAT" });
    call(node, [reduction, number], &params, count, (count * layout.candidates) as u64)
}
