//! `Pad` as one kernel call.

use imagine_graph::{DType, MAX_RANK, Pad, PadMode};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{axes_def, call, row_major};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/pad" {
        axes: [[i32; 4]; MAX_RANK],
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
    padded(&sides, op.mode, fill, node)
}

/// The call that pads the input; `sides` are the elements added before and after each axis, negative to crop.
pub(crate) fn padded(sides: &[[i64; 2]], mode: PadMode, fill: u32, node: &Lowering) -> KernelCall {
    let input = &node.input(0).value_type.shape;
    let output = node.output_shape();
    let strides = row_major(input);
    let mut walk: Vec<[i64; 4]> = Vec::new();
    let mut start = 0;
    for (axis, [before, after]) in sides.iter().enumerate() {
        // Crop before padding.
        let left = input[axis] as i64 + before.min(&0) + after.min(&0);
        start -= before.min(&0) * strides[axis];
        let next = [output[axis] as i64, left, strides[axis], shift(mode, left, *before.max(&0))];
        match walk.last_mut() {
            // Adjacent axes without padding merge, unless the inner one is cropped.
            Some(outer) if is_unpadded(outer) && is_unpadded(&next) && outer[2] == next[0] * next[2] => {
                *outer = [outer[0] * next[0], outer[1] * next[1], next[2], 0];
            }
            _ => walk.push(next),
        }
    }
    let mut axes = [[1, 1, 0, 0]; MAX_RANK];
    let free = axes.len() - walk.len();
    axes[free..].iter_mut().zip(&walk).for_each(|(place, axis)| *place = axis.map(|number| number as i32));
    let count = output.iter().product::<usize>();
    let rank = walk.len() as u32;
    let params = Params { axes, rank, count: count as u32, fill, start: start as u32, ..Params::default() };
    call(node, [border(mode), axes_def(rank)], &params, count, 0)
}

/// Shift of positions on an axis of `length`: the elements added before, less whole periods of the border, so that no shifted
/// position is negative.
fn shift(mode: PadMode, length: i64, before: i64) -> i64 {
    let period = match mode {
        PadMode::Constant | PadMode::Edge => return before,
        PadMode::Wrap => length.max(1),
        PadMode::Reflect => (2 * (length - 1)).max(1),
    };
    before - (before as u64).div_ceil(period as u64) as i64 * period
}

/// Whether an axis has no padding.
fn is_unpadded([output, left, ..]: &[i64; 4]) -> bool {
    output == left
}

/// The def for `mode` in `imagine::border`.
pub(crate) fn border(mode: PadMode) -> Option<&'static str> {
    match mode {
        PadMode::Constant => None,
        PadMode::Reflect => Some("BORDER_REFLECT"),
        PadMode::Edge => Some("BORDER_EDGE"),
        PadMode::Wrap => Some("BORDER_WRAP"),
    }
}
