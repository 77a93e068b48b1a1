//! `Conv` as one kernel call: over packed weights where they are known, else element by element.

use imagine_graph::Conv;

use crate::kernel::{Head, KernelCall};
use crate::lower::Lowering;
use crate::ops::axes::call;
use crate::ops::blocked::{self, Convolution, Phase};
use crate::ops::pad::border;
use crate::params::params;

params! {
    /// Params of `ops/conv`.
    pub(crate) struct Params for "ops/conv" {
        head: Head,
        shape: [u32; 4],
        input_shape: [u32; 4],
        kernel: [i32; 2],
        strides: [i32; 2],
        dilations: [i32; 2],
        begin: [i32; 2],
        group_channels: [u32; 2],
        activation: [f32; 2],
        count: u32,
        unused_a: u32,
        unused_b: u32,
        unused_c: u32,
    }
}

/// The call of `Conv`.
pub fn lower(op: &Conv, node: &Lowering) -> KernelCall {
    let [channels, per_group, kernel_height, kernel_width] = node.image(1).map(|side| side as usize);
    let [_, _, height, width] = node.image(0).map(|side| side as usize);
    let [up_height, up_width] = node.neighbors.upscale.map(|power| 1 << power);
    let image = [height * up_height, width * up_width];
    let op = &op.padded(image, [kernel_height, kernel_width]).expect("the shape rule accepted it");
    let count = node.result.elements();
    let flop = 2 * count as u64 * (per_group * kernel_height * kernel_width) as u64;
    let Some((weight, bias)) = node.known_weights() else { return natural(op, flop, node) };
    let phase = |pad: usize, kernel: usize| vec![Phase { first: -(pad as i32), taps: (0..kernel).collect() }];
    let convolution = Convolution {
        phases: [phase(op.pads[0], kernel_height), phase(op.pads[1], kernel_width)],
        strides: op.strides,
        steps: op.dilations,
        border: op.pad_mode,
        group: op.group,
        channels: [per_group, channels / op.group],
        result: node.result_image(),
        weight: &|m, c, i, j| weight[((m * per_group + c) * kernel_height + i) * kernel_width + j],
        bias,
        flop,
    };
    blocked::lower(&convolution, node)
}

fn natural(op: &Conv, flop: u64, node: &Lowering) -> KernelCall {
    let [channels, per_group, kernel_height, kernel_width] = node.image(1);
    let count = node.result.elements();
    let params = Params {
        shape: node.output_image(),
        input_shape: node.image(0),
        kernel: [kernel_height as i32, kernel_width as i32],
        strides: op.strides.map(|s| s as i32),
        dilations: op.dilations.map(|d| d as i32),
        begin: [op.pads[0] as i32, op.pads[1] as i32],
        group_channels: [per_group, channels / op.group as u32],
        activation: node.activation.params(),
        count: count as u32,
        ..Params::default()
    };
    let bias = node.optional(2).map(|_| "BIAS");
    let flags = [border(op.pad_mode), node.activation.def(), bias];
    let defs: Vec<&str> = flags.into_iter().flatten().collect();
    call(node, Params::SHADER, &defs, &params, count, flop)
}
