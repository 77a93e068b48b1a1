//! `ConvTranspose` as one kernel call.

use imagine_graph::{ConvTranspose, WindowAxis};

use crate::kernel::{Head, KernelCall};
use crate::lower::Lowering;
use crate::ops::axes::{call, three};
use crate::params::params;

params! {
    /// Params of `ops/conv_transpose`.
    pub(crate) struct Params for "ops/conv_transpose" {
        head: Head,
        shape: [u32; 4],
        input_shape: [u32; 4],
        kernel: [i32; 2],
        strides: [i32; 2],
        dilations: [i32; 2],
        begin: [i32; 2],
        group_channels: [i32; 2],
        depth_window: [i32; 2],
        depths: [i32; 4],
        count: u32,
        unused: u32,
        unused_pair: [u32; 2],
    }
}

/// The call of `ConvTranspose`. A row is an image of height 1.
pub fn lower(op: &ConvTranspose, node: &Lowering) -> KernelCall {
    let (x, w) = (&node.input(0).value_type.shape, &node.input(1).value_type.shape);
    let windows = op.windows(x, w).expect("the shape rule accepted them");
    let [depth, y_axis, x_axis] = three(&windows);
    let of = |part: fn(&WindowAxis) -> usize| [part(&y_axis) as i32, part(&x_axis) as i32];
    let count = node.outputs[0].1.elements();
    let params = Params {
        shape: [x[0] as u32, node.output_shape()[1] as u32, y_axis.output as u32, x_axis.output as u32],
        input_shape: [x[0] as u32, x[1] as u32, y_axis.input as u32, x_axis.input as u32],
        kernel: of(|axis| axis.kernel),
        strides: of(|axis| axis.stride),
        dilations: of(|axis| axis.dilation),
        begin: of(|axis| axis.begin),
        group_channels: [(w[0] / op.group) as i32, w[1] as i32],
        depth_window: [depth.dilation as i32, depth.begin as i32],
        depths: [depth.output, depth.input, depth.kernel, depth.stride].map(|length| length as i32),
        count: count as u32,
        ..Params::default()
    };
    let flags = [("BIAS", node.optional(2).is_some()), ("VOLUME", windows.len() == 3)];
    let defs: Vec<&'static str> = flags.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect();
    // Every input element meets every element of its channel's filters once, but for those cut off at the border.
    let terms = node.input(0).value_type.elements() as u64 * w[1..].iter().product::<usize>() as u64;
    call(node, Params::SHADER, &defs, &params, count, 2 * terms)
}
