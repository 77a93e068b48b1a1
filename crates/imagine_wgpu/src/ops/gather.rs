//! `Gather`, `GatherElements` and `GatherND` as one kernel call: a strided walk to which indices add offsets.

use imagine_graph::{MAX_RANK, NodeError, Picking};

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

/// The call of the operator whose `picking` follows from the shapes of data and indices.
pub fn lower(picking: impl Fn(&[usize], &[usize]) -> Result<Picking, NodeError>, node: &Lowering) -> KernelCall {
    let [data, indices] = [0, 1].map(|input| node.input(input).value_type.shape.as_slice());
    let picking = picking(data, indices).expect("the shape rule accepted the operands");
    let Axes { axes, rank } = Axes::new(&picking.shape, [&picking.data_strides, &picking.index_strides]);
    let mut picks = [[1, 0, 0, 0]; MAX_RANK];
    for (place, [length, stride]) in picks.iter_mut().zip(&picking.picks) {
        *place = [*length as i32, *stride as i32, 0, 0];
    }
    let count = picking.shape.iter().product::<usize>();
    let picked = picking.picks.len() as u32;
    let params = Params { axes, picks, rank, count: count as u32, picked, ..Params::default() };
    call(node, [], &params, count, 0)
}
