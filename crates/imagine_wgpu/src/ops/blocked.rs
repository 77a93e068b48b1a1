//! Convolutions over packed weights, `ops/blocked`: `Conv` and `ConvTranspose` with weights known at planning time, and the
//! [`FusedOps`] around them.

use imagine_graph::{DepthToSpaceMode, PadMode};

use crate::analysis::fused::{FusedOps, MAX_PHASES};
use crate::kernel::{KernelCall, Operand, PackedWeights, ShaderDef, workgroups};
use crate::lowering::{Lowering, activation_def, activation_params};
use crate::ops::pad::border;
use crate::params::{KernelParams, params};
use crate::plan::KernelTarget;

params! {
    pub(crate) struct Params for "ops/blocked" {
        input_shape: [u32; 4],
        shape: [u32; 4],
        phases: [[i32; 4]; MAX_PHASES],
        phase_count: [u32; 2],
        strides: [i32; 2],
        steps: [i32; 2],
        group_channels: [u32; 2],
        grid: [u32; 2],
        upscale: [u32; 2],
        spread: [u32; 2],
        activation: [f32; 2],
        count: u32,
        block_stride: u32,
        group_blocks: u32,
        shuffle: u32,
    }
}

/// A convolution, or several phases that write every n-th row and column each.
pub(crate) struct Convolution<'a> {
    /// Phases of rows and of columns.
    pub phases: [Vec<Phase>; 2],
    /// Input positions between neighbouring pixels of a phase.
    pub strides: [usize; 2],
    /// Input positions between neighbouring taps.
    pub steps: [usize; 2],
    /// Padding.
    pub border: PadMode,
    /// Number of channel groups.
    pub group: usize,
    /// Input and output channels per group.
    pub channels: [usize; 2],
    /// Shape of the input, `[N, C, H, W]`.
    pub input: [u32; 4],
    /// Shape of the result before the pixel shuffle, `[N, M, H, W]`.
    pub result: [u32; 4],
    /// The weight for an output channel, an input channel of its group, a kernel row and a kernel column.
    pub weight: &'a dyn Fn(usize, usize, usize, usize) -> f32,
    /// One number per output channel.
    pub bias: Option<&'a [f32]>,
    /// FLOP.
    pub flop: u64,
}

/// The taps along one axis of output pixels `phase`, `phase + count`, ..
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Phase {
    /// Input position of the first tap of the first pixel.
    pub first: i32,
    /// Kernel elements in the order of their input positions.
    pub taps: Vec<usize>,
}

/// The call of `convolution`.
pub(crate) fn lower(convolution: &Convolution, node: &Lowering) -> KernelCall {
    let quads = quads(convolution.channels[1], node.target);
    let pixels = if node.target == KernelTarget::CpuSubgroups { 8 } else { 4 };
    let [batch, _, height, width] = convolution.result;
    let [row_phases, column_phases] = &convolution.phases;
    let count = [row_phases.len() as u32, column_phases.len() as u32];
    let rows = if shares_rows(convolution, quads, node.target) { 4 } else { 1 };
    let grid = [height.div_ceil(count[0]).div_ceil(rows), width.div_ceil(count[1]).div_ceil(pixels)];
    let blocks = convolution.channels[1].div_ceil(4 * quads);
    let packed = pack(convolution, quads, node);
    let (shape, spread, shuffle) = match &node.fused.shuffle {
        None => (convolution.result, count, 0),
        Some(op) => {
            let order = if op.mode == DepthToSpaceMode::Dcr { 1 } else { 2 };
            (node.output_image(), [op.blocksize as u32; 2], order)
        }
    };
    let params = Params {
        input_shape: convolution.input,
        shape,
        phases: table(&convolution.phases),
        phase_count: count,
        strides: convolution.strides.map(|s| s as i32),
        steps: convolution.steps.map(|s| s as i32),
        group_channels: convolution.channels.map(|c| c as u32),
        grid,
        upscale: node.fused.upscale,
        spread,
        activation: activation_params(node.activation),
        count: batch * grid[0] * grid[1],
        block_stride: (packed.data.len() / 4) as u32 / (count[0] * count[1] * (blocks * convolution.group) as u32),
        group_blocks: blocks as u32,
        shuffle,
        ..Params::default()
    };
    let addend = node.fused.addend.as_ref();
    let operands = [Some(Operand::Value(node.input(0).value)), Some(Operand::Packed(packed))];
    KernelCall {
        label: node.node.into(),
        shader: Params::LAYOUT.shader,
        defs: defs(convolution, quads, node),
        params: bytemuck::bytes_of(&params).to_vec(),
        params_layout: Params::LAYOUT,
        random: None,
        operands: operands.into_iter().flatten().chain(addend.map(|input| Operand::Value(input.value))).collect(),
        outputs: vec![node.outputs[0].0],
        workgroups: [workgroups(params.count as usize), (blocks * convolution.group) as u32, count[0] * count[1]],
        cost: node.cost(convolution.flop),
    }
}

fn defs(convolution: &Convolution, quads: usize, node: &Lowering) -> Vec<(&'static str, ShaderDef)> {
    let lanes = node.target == KernelTarget::CpuSubgroups;
    let flags = [
        border(convolution.border),
        activation_def(node.activation),
        node.fused.slopes.as_ref().map(|_| "ACTIVATION_LEAKY_RELU"),
        node.fused.slopes.as_ref().map(|_| "SLOPES"),
        node.fused.addend.map(|_| "ADDEND"),
        slides(convolution, 1).then_some("SLIDE"),
        lanes.then_some("BROADCAST"),
        shares_rows(convolution, quads, node.target).then_some("ROWS"),
        lanes.then_some("PIXELS_8"),
    ];
    let mut defs: Vec<_> = flags.into_iter().flatten().map(|name| (name, ShaderDef::Bool(true))).collect();
    defs.push(("QUADS", ShaderDef::UInt(quads as u32)));
    defs.sort();
    defs
}

/// Whether the pixels of each tap along an axis are those of the previous tap, shifted by one.
fn slides(convolution: &Convolution, axis: usize) -> bool {
    let longest = convolution.phases[axis].iter().map(|phase| phase.taps.len()).max().unwrap_or(0);
    convolution.strides[axis] == 1 && convolution.steps[axis] == 1 && longest > 1
}

/// Whether an invocation computes four rows: with few output channels, rows share the loaded pixels instead.
fn shares_rows(convolution: &Convolution, quads: usize, target: KernelTarget) -> bool {
    let one_phase = convolution.phases.iter().all(|phases| phases.len() == 1);
    let high = convolution.phases[0].iter().all(|phase| phase.taps.len() >= 3);
    let both = slides(convolution, 0) && slides(convolution, 1);
    target == KernelTarget::CpuSubgroups && quads == 1 && one_phase && high && both
}

/// Quads of output channels per invocation with the lowest cost for `channels`.
fn quads(channels: usize, target: KernelTarget) -> usize {
    let choices: &[usize] = if target == KernelTarget::CpuSubgroups { &[8, 4, 2, 1] } else { &[2, 1] };
    // The loads of a tap cost about as much as the products of ten channels.
    let cost = |quads: &usize| channels.div_ceil(4 * quads) * (4 * quads + 10);
    *choices.iter().min_by_key(|quads| cost(quads)).expect("there are choices")
}

fn table(phases: &[Vec<Phase>; 2]) -> [[i32; 4]; MAX_PHASES] {
    let mut table = [[0; 4]; MAX_PHASES];
    for (axis, phases) in phases.iter().enumerate() {
        for (entry, phase) in table.iter_mut().zip(phases) {
            entry[2 * axis] = phase.taps.len() as i32;
            entry[2 * axis + 1] = phase.first;
        }
    }
    table
}

/// For every phase, group and block of `4 * quads` output channels: bias; slopes, if any; weights `[input channel][kernel
/// row][kernel column][output channel]`. Missing channels are zero; all blocks have the length of the longest.
fn pack(convolution: &Convolution, quads: usize, node: &Lowering) -> PackedWeights {
    let [inputs, outputs] = convolution.channels;
    let longest = |phases: &[Phase]| phases.iter().map(|phase| phase.taps.len()).max().unwrap_or(0);
    let taps = longest(&convolution.phases[0]) * longest(&convolution.phases[1]);
    let FusedOps { affine, slopes, .. } = &node.fused;
    let block = 4 * quads * (1 + usize::from(slopes.is_some()) + inputs * taps);
    let scale = |m: usize| affine.as_ref().map_or(1.0, |[scale, _]| scale[m]);
    let bias = |m: usize| {
        let bias = convolution.bias.map_or(0.0, |bias| bias[m]);
        affine.as_ref().map_or(bias, |[scale, shift]| bias * scale[m] + shift[m])
    };
    let mut data = Vec::new();
    for rows in &convolution.phases[0] {
        for columns in &convolution.phases[1] {
            for (group, first) in groups(convolution, quads) {
                let start = data.len();
                let mut each = |of: &dyn Fn(usize) -> f32| {
                    data.extend(
                        (first..first + 4 * quads).map(|m| if m < outputs { of(group * outputs + m) } else { 0.0 }),
                    );
                };
                each(&bias);
                if let Some(slopes) = slopes {
                    each(&|m| slopes[m]);
                }
                for c in 0..inputs {
                    for &i in &rows.taps {
                        for &j in &columns.taps {
                            each(&|m| (convolution.weight)(m, c, i, j) * scale(m));
                        }
                    }
                }
                data.resize(start + block, 0.0);
            }
        }
    }
    PackedWeights::new(format!("{}, weights", node.node), data)
}

/// Group and first channel of every block.
fn groups(convolution: &Convolution, quads: usize) -> impl Iterator<Item = (usize, usize)> {
    let outputs = convolution.channels[1];
    (0..convolution.group).flat_map(move |group| (0..outputs).step_by(4 * quads).map(move |first| (group, first)))
}
