//! `Pad` as one kernel call.

use imagine_graph::{Pad, PadMode};

use crate::kernel::{Head, KernelCall};
use crate::lower::Lowering;
use crate::ops::axes::{call, row_major};
use crate::params::params;

params! {
    /// Params of `ops/pad`.
    pub(crate) struct Params for "ops/pad" {
        head: Head,
        axes: [[i32; 4]; 6],
        rank: u32,
        count: u32,
        fill: u32,
        unused: u32,
    }
}

/// The call of `Pad`.
pub fn lower(op: &Pad, node: &Lowering) -> KernelCall {
    let input = &node.input(0).value_type.shape;
    let output = node.output_shape();
    let strides = row_major(input);
    let mut axes = [[1, 1, 0, 0]; 6];
    let free = axes.len() - input.len();
    let sides = op.sides(input.len()).expect("the shape rule accepted the pads");
    for (axis, [before, _]) in sides.into_iter().enumerate() {
        axes[free + axis] = [output[axis] as i32, input[axis] as i32, strides[axis] as i32, before as i32];
    }
    let count = output.iter().product::<usize>();
    let params =
        Params { axes, rank: input.len() as u32, count: count as u32, fill: op.value.to_bits(), ..Params::default() };
    call(node, Params::SHADER, border(op.mode).as_slice(), &params, count, 0)
}

/// The def that makes `imagine::border` fill positions outside as `mode` says.
pub(crate) fn border(mode: PadMode) -> Option<&'static str> {
    match mode {
        PadMode::Constant => None,
        PadMode::Reflect => Some("BORDER_REFLECT"),
        PadMode::Edge => Some("BORDER_EDGE"),
        PadMode::Wrap => Some("BORDER_WRAP"),
    }
}
