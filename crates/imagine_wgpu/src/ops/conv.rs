//! `Conv` as one kernel call: over packed weights if they are known, else element by element. A row is an image of height 1;
//! volumes are computed element by element.

use imagine_graph::{Conv, WindowAxis};

use crate::kernel::KernelCall;
use crate::lowering::{Lowering, activation_def, activation_params};
use crate::ops::axes::{call, three_axes};
use crate::ops::blocked::{self, Convolution, Phase};
use crate::ops::pad::border;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/conv" {
        shape: [u32; 4],
        input_shape: [u32; 4],
        kernel: [i32; 2],
        strides: [i32; 2],
        dilations: [i32; 2],
        begin: [i32; 2],
        group_channels: [u32; 2],
        activation: [f32; 2],
        depths: [i32; 4],
        depth_window: [i32; 2],
        count: u32,
        unused: u32,
    }
}

/// The call of `Conv`.
pub fn lower(op: &Conv, node: &Lowering) -> KernelCall {
    let (mut x, w) = (node.input(0).value_type.shape.clone(), &node.input(1).value_type.shape);
    for (length, power) in x.iter_mut().rev().zip(node.fused.upscale.iter().rev()) {
        *length <<= power;
    }
    let windows = op.windows(&x, w).expect("the shape rule accepted them");
    let flop = 2 * node.result.elements() as u64 * w[1..].iter().product::<usize>() as u64;
    let Some((weight, bias)) = node.known_weights().filter(|_| windows.len() < 3) else {
        return direct(op, &windows, flop, node);
    };
    let [_, rows, columns] = three_axes(&windows);
    let phase = |axis: &WindowAxis| vec![Phase { first: -(axis.begin as i32), taps: (0..axis.kernel).collect() }];
    let [input_height, input_width] = [0, 1].map(|axis| [rows, columns][axis].input as u32 >> node.fused.upscale[axis]);
    let convolution = Convolution {
        phases: [phase(&rows), phase(&columns)],
        strides: [rows.stride, columns.stride],
        steps: [rows.dilation, columns.dilation],
        border: op.pad_mode,
        group: op.group,
        channels: [w[1], w[0] / op.group],
        input: [x[0] as u32, x[1] as u32, input_height, input_width],
        result: [x[0] as u32, w[0] as u32, rows.output as u32, columns.output as u32],
        weight: &|m, c, i, j| weight[((m * w[1] + c) * rows.kernel + i) * columns.kernel + j],
        bias,
        flop,
    };
    blocked::lower(&convolution, node)
}

fn direct(op: &Conv, windows: &[WindowAxis], flop: u64, node: &Lowering) -> KernelCall {
    let (x, w) = (&node.input(0).value_type.shape, &node.input(1).value_type.shape);
    let [depth, y_axis, x_axis] = three_axes(windows);
    let of = |part: fn(&WindowAxis) -> usize| [part(&y_axis) as i32, part(&x_axis) as i32];
    let count = node.result.elements();
    let params = Params {
        shape: [x[0] as u32, w[0] as u32, y_axis.output as u32, x_axis.output as u32],
        input_shape: [x[0] as u32, x[1] as u32, y_axis.input as u32, x_axis.input as u32],
        kernel: of(|axis| axis.kernel),
        strides: of(|axis| axis.stride),
        dilations: of(|axis| axis.dilation),
        begin: of(|axis| axis.begin),
        group_channels: [w[1] as u32, (w[0] / op.group) as u32],
        activation: activation_params(node.activation),
        depths: [depth.output, depth.input, depth.kernel, depth.stride].map(|length| length as i32),
        depth_window: [depth.dilation as i32, depth.begin as i32],
        count: count as u32,
        ..Params::default()
    };
    let (volume, bias) = ((windows.len() == 3).then_some("VOLUME"), node.optional(2).map(|_| "BIAS"));
    let defs = [border(op.pad_mode), activation_def(node.activation), volume, bias];
    call(node, defs, &params, count, flop)
}
