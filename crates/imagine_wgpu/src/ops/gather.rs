//! `Gather`, `GatherElements` and `GatherND` as one kernel call: a strided walk to which indices add offsets.

use imagine_graph::{GatherLayout, MAX_RANK, NodeError, PickedAxis};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, call};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/gather" {
        axes: [[i32; 4]; MAX_RANK],
        picks: [[i32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        picked: u32,
        unused: u32,
    }
}

/// The call of the operator whose `layout` follows from the shapes of data and indices.
pub fn lower(layout: impl Fn(&[usize], &[usize]) -> Result<GatherLayout, NodeError>, node: &Lowering) -> KernelCall {
    let [data, indices] = [0, 1].map(|input| node.input(input).value_type.shape.as_slice());
    let layout = layout(data, indices).expect("the shape rule accepted the operands");
    let Axes { axes, rank } = Axes::new(&layout.shape, [&layout.data_strides, &layout.index_strides]);
    let mut picks = [[1, 0, 0, 0]; MAX_RANK];
    for (place, PickedAxis { length, stride }) in picks.iter_mut().zip(&layout.picks) {
        *place = [*length as i32, *stride as i32, 0, 0];
    }
    let count = layout.shape.iter().product::<usize>();
    let picked = layout.picks.len() as u32;
    let params = Params { axes, picks, rank, count: count as u32, picked, ..Params::default() };
    call(node, [], &params, count, 0)
}
