//! `ConvTranspose` as one kernel call.

use imagine_graph::ConvTranspose;

use crate::kernel::{Head, KernelCall};
use crate::lower::Lowering;
use crate::ops::axes::call;
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
        count: u32,
        unused: u32,
    }
}

/// The call of `ConvTranspose`.
pub fn lower(op: &ConvTranspose, node: &Lowering) -> KernelCall {
    let input_shape = node.image(0);
    let [channels, per_group, kernel_height, kernel_width] = node.image(1).map(|side| side as i32);
    let count = node.outputs[0].1.elements();
    let params = Params {
        shape: node.output_image(),
        input_shape,
        kernel: [kernel_height, kernel_width],
        strides: op.strides.map(|s| s as i32),
        dilations: op.dilations.map(|d| d as i32),
        begin: [op.pads[0] as i32, op.pads[1] as i32],
        group_channels: [channels / op.group as i32, per_group],
        count: count as u32,
        ..Params::default()
    };
    let defs: &[&str] = if node.optional(2).is_some() { &["BIAS"] } else { &[] };
    // Every input element meets every element of its channel's filters once, but for those cut off at the border.
    let terms = node.input(0).value_type.elements() as u64 * (per_group * kernel_height * kernel_width) as u64;
    call(node, Params::SHADER, defs, &params, count, 2 * terms)
}
