//! `Pad` as one kernel call.

use imagine_graph::{DType, Pad, PadMode};

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
        start: u32,
    }
}

/// The call of `Pad`.
pub fn lower(op: &Pad, node: &Lowering) -> KernelCall {
    let data = node.input(0).value_type;
    let sides = op.sides(data.shape.len()).expect("the shape rule accepted the pads");
    let fill = match data.dtype {
        DType::F32 => op.value.to_bits(),
        DType::I32 | DType::Bool => op.value as i32 as u32,
    };
    filled(&sides, op.mode, fill, node)
}

/// The call that writes the input between what `mode` makes of it; `sides` are the elements added before and after each axis.
pub(crate) fn filled(sides: &[[i64; 2]], mode: PadMode, fill: u32, node: &Lowering) -> KernelCall {
    let input = &node.input(0).value_type.shape;
    let output = node.output_shape();
    let strides = row_major(input);
    let mut axes = [[1, 1, 0, 0]; 6];
    let free = axes.len() - input.len();
    let mut start = 0;
    for (axis, [before, after]) in sides.iter().enumerate() {
        // What is cut off is cut before the rest is padded.
        let left = input[axis] as i64 + before.min(&0) + after.min(&0);
        start -= before.min(&0) * strides[axis];
        axes[free + axis] = [output[axis] as i32, left as i32, strides[axis] as i32, *before.max(&0) as i32];
    }
    let count = output.iter().product::<usize>();
    let rank = input.len() as u32;
    let params = Params { axes, rank, count: count as u32, fill, start: start as u32, ..Params::default() };
    call(node, Params::SHADER, border(mode).as_slice(), &params, count, 0)
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
