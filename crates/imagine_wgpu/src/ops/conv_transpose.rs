//! `ConvTranspose` as one kernel call: over packed weights if they are known, else element by element. A row is an image of
//! height 1; volumes are computed element by element.

use imagine_graph::{ConvTranspose, PadMode, WindowAxis};

use crate::analysis::fused::MAX_PHASES;
use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{call, three_axes};
use crate::ops::blocked::{self, Convolution, Phase};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/conv_transpose" {
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

/// The call of `ConvTranspose`.
pub fn lower(op: &ConvTranspose, node: &Lowering) -> KernelCall {
    let (x, w) = (&node.input(0).value_type.shape, &node.input(1).value_type.shape);
    let windows = op.windows(x, w).expect("the shape rule accepted them");
    // Every input element meets every element of its channel's filters once, except those cut off at the border.
    let flop = 2 * node.input(0).value_type.elements() as u64 * w[1..].iter().product::<usize>() as u64;
    let fits = windows.len() < 3 && windows.iter().all(|axis| axis.stride <= MAX_PHASES);
    let Some((weight, bias)) = node.known_weights().filter(|_| fits) else { return direct(op, &windows, flop, node) };
    let [_, rows, columns] = three_axes(&windows);
    let (inputs, outputs) = (w[0] / op.group, w[1]);
    let filter = |m: usize, c: usize| ((m / outputs * inputs + c) * outputs + m % outputs) * rows.kernel;
    let convolution = Convolution {
        phases: [phases(&rows), phases(&columns)],
        strides: [1, 1],
        steps: [&rows, &columns].map(|axis| axis.dilation / common_divisor(axis.stride, axis.dilation)),
        border: PadMode::Constant,
        group: op.group,
        channels: [inputs, outputs],
        input: [x[0] as u32, x[1] as u32, rows.input as u32, columns.input as u32],
        result: [x[0] as u32, (outputs * op.group) as u32, rows.output as u32, columns.output as u32],
        weight: &|m, c, i, j| weight[(filter(m, c) + i) * columns.kernel + j],
        bias,
        flop,
    };
    blocked::lower(&convolution, node)
}

/// Output `stride * r + phase` sums the kernel elements k for which `stride * r + phase + begin - k * dilation` is a multiple of
/// the stride: an arithmetic sequence whose input positions are adjacent up to the dilation.
fn phases(axis: &WindowAxis) -> Vec<Phase> {
    let [stride, dilation, begin] = [axis.stride, axis.dilation, axis.begin].map(|number| number as i64);
    let place = |phase: i64, k: usize| phase + begin - k as i64 * dilation;
    let phase = |phase: i64| {
        let taps: Vec<usize> = (0..axis.kernel).rev().filter(|&k| place(phase, k) % stride == 0).collect();
        let first = taps.first().map_or(0, |&k| place(phase, k) / stride) as i32;
        Phase { first, taps }
    };
    (0..stride).map(phase).collect()
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn direct(op: &ConvTranspose, windows: &[WindowAxis], flop: u64, node: &Lowering) -> KernelCall {
    let (x, w) = (&node.input(0).value_type.shape, &node.input(1).value_type.shape);
    let [depth, y_axis, x_axis] = three_axes(windows);
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
    let defs = [node.optional(2).map(|_| "BIAS"), (windows.len() == 3).then_some("VOLUME")];
    call(node, defs, &params, count, flop)
}
