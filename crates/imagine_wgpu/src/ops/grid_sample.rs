//! `GridSample` as one kernel call.

use imagine_graph::{GridSample, GridSampleMode, GridSamplePadding};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/grid_sample" {
        size: [i32; 4],
        count: u32,
        places: u32,
        channels: u32,
        unused: u32,
    }
}

/// The call of `GridSample`.
pub fn lower(op: &GridSample, node: &Lowering) -> KernelCall {
    let shape = &node.input(0).value_type.shape;
    let axes = shape.len() - 2;
    let mut size = [1; 4];
    // Width first: x comes first in the grid.
    for (place, length) in size.iter_mut().zip(shape[2..].iter().rev()) {
        *place = *length as i32;
    }
    let output = node.output_shape();
    let count = output.iter().product::<usize>();
    let places = output[2..].iter().product::<usize>() as u32;
    let params = Params { size, count: count as u32, places, channels: shape[1] as u32, ..Params::default() };
    let (mode, taps) = match op.mode {
        GridSampleMode::Nearest => (Some("MODE_NEAREST"), 1u64),
        GridSampleMode::Linear => (None, 2),
        GridSampleMode::Cubic => (Some("MODE_CUBIC"), 4),
    };
    let padding = match op.padding_mode {
        GridSamplePadding::Zeros => None,
        GridSamplePadding::Border => Some("PADDING_BORDER"),
        GridSamplePadding::Reflection => Some("PADDING_REFLECTION"),
    };
    let corners = op.align_corners.then_some("ALIGN_CORNERS");
    let volume = (axes == 3).then_some("VOLUME");
    call(node, [mode, padding, corners, volume], &params, count, 2 * taps.pow(axes as u32) * count as u64)
}
