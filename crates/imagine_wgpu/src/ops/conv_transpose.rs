//! `ConvTranspose` as one kernel call: over packed weights where they are known, else element by element.

use imagine_graph::{ConvTranspose, PadMode};

use crate::kernel::{Head, KernelCall};
use crate::lower::Lowering;
use crate::ops::axes::call;
use crate::ops::blocked::{self, Convolution, MAX_PHASES, Phase};
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
    let [channels, per_group, kernel_height, kernel_width] = node.image(1).map(|side| side as usize);
    // Every input element meets every element of its channel's filters once, but for those cut off at the border.
    let flop = 2 * node.input(0).value_type.elements() as u64 * (per_group * kernel_height * kernel_width) as u64;
    let few = op.strides.iter().all(|stride| *stride <= MAX_PHASES);
    let Some((weight, bias)) = node.known_weights().filter(|_| few) else { return natural(op, flop, node) };
    let inputs = channels / op.group;
    let filter = |m: usize, c: usize| ((m / per_group * inputs + c) * per_group + m % per_group) * kernel_height;
    let convolution = Convolution {
        phases: [phases(op, 0, kernel_height), phases(op, 1, kernel_width)],
        strides: [1, 1],
        steps: [0, 1].map(|axis| op.dilations[axis] / common_divisor(op.strides[axis], op.dilations[axis])),
        border: PadMode::Constant,
        group: op.group,
        channels: [inputs, per_group],
        result: node.result_image(),
        weight: &|m, c, i, j| weight[(filter(m, c) + i) * kernel_width + j],
        bias,
        flop,
    };
    blocked::lower(&convolution, node)
}

/// Output `stride * r + phase` sums the kernel's elements k for which `stride * r + phase + pad - k * dilation` is a multiple of
/// the stride: an arithmetic sequence of them, whose input positions are next to each other but for the dilation.
fn phases(op: &ConvTranspose, axis: usize, kernel: usize) -> Vec<Phase> {
    let [stride, dilation] = [op.strides[axis], op.dilations[axis]].map(|number| number as i64);
    let place = |phase: i64, k: usize| phase + op.pads[axis] as i64 - k as i64 * dilation;
    let phase = |phase: i64| {
        let taps: Vec<usize> = (0..kernel).rev().filter(|&k| place(phase, k) % stride == 0).collect();
        let first = taps.first().map_or(0, |&k| place(phase, k) / stride) as i32;
        Phase { first, taps }
    };
    (0..stride).map(phase).collect()
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn natural(op: &ConvTranspose, flop: u64, node: &Lowering) -> KernelCall {
    let [channels, per_group, kernel_height, kernel_width] = node.image(1).map(|side| side as i32);
    let count = node.outputs[0].1.elements();
    let params = Params {
        shape: node.output_image(),
        input_shape: node.image(0),
        kernel: [kernel_height, kernel_width],
        strides: op.strides.map(|s| s as i32),
        dilations: op.dilations.map(|d| d as i32),
        begin: [op.pads[0] as i32, op.pads[1] as i32],
        group_channels: [channels / op.group as i32, per_group],
        count: count as u32,
        ..Params::default()
    };
    let defs: &[&str] = if node.optional(2).is_some() { &["BIAS"] } else { &[] };
    call(node, Params::SHADER, defs, &params, count, flop)
}
