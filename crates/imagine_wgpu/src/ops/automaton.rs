//! The step of a cellular automaton as one kernel call: `analysis/automaton.rs` finds it in a graph.

use imagine_graph::{Dim, Extent, Size, ValueId};

use crate::analysis::automaton::{AutomatonStep, MAX_CHANNELS};
use crate::analysis::cost::Cost;
use crate::kernel::{KernelCall, Operand, PackedWeights, RandomStream, ShaderDef, workgroups};
use crate::ops::random::period;
use crate::params::{KernelParams, params};

params! {
    pub(crate) struct Params for "ops/automaton" {
        filters: [[f32; 4]; 9],
        rates: [[f32; 4]; MAX_CHANNELS / 4],
        shape: [u32; 4],
        hidden_blocks: u32,
        count: u32,
        bound: f32,
        threshold: f32,
        zero: f32,
        unused: u32,
        period: [u32; 2],
    }
}

/// The call of one step, with `cells` (1 or 4) cells per invocation.
pub fn lower(step: &AutomatonStep, cells: usize) -> KernelCall {
    let [batch, channels, height, width] = step.shape;
    let hidden = step.bias.len();
    let count = batch * height * width.div_ceil(cells);
    let mut filters = [[0.0; 4]; 9];
    for (tap, vector) in filters.iter_mut().enumerate() {
        for (to, filter) in vector.iter_mut().zip(&step.filters) {
            *to = filter[tap];
        }
    }
    let mut rates = [[0.0; 4]; MAX_CHANNELS / 4];
    rates.as_flattened_mut()[..channels].copy_from_slice(&step.rates);
    let period = period(&step.mask, Extent { height, width }, step.whole);
    let params = Params {
        filters,
        shape: step.shape.map(|side| side as u32),
        hidden_blocks: (hidden / 4) as u32,
        count: count as u32,
        bound: step.bound,
        threshold: step.threshold,
        rates,
        zero: step.zero,
        period: period.map(|side| side as u32).into(),
        ..Params::default()
    };
    let mut defs = vec![("BLOCKS", ShaderDef::UInt((channels / 4) as u32))];
    if cells == 4 {
        defs.push(("CELLS_4", ShaderDef::Bool(true)));
    }
    let elements = (batch * channels * height * width) as u64;
    let packed = PackedWeights::new(format!("{}, dense layers", step.label), pack(step, channels));
    KernelCall {
        label: step.label.into(),
        shader: Params::LAYOUT.shader,
        defs,
        params: bytemuck::bytes_of(&params).to_vec(),
        params_layout: Params::LAYOUT,
        random: Some(RandomStream { stream: step.stream, dims: step.mask.clone(), size: period, first: [0; 2] }),
        operands: vec![Operand::Value(step.state), Operand::Packed(packed)],
        outputs: vec![step.next],
        workgroups: [workgroups(count), 1, 1],
        cost: Cost { flop: elements * (54 + 10 * hidden as u64 + 6), bytes: 8 * elements },
    }
}

/// For every four hidden units: bias `[4]`; W1 `[4 C][4 hidden]`; W2 `[C / 4][4 hidden][4 channels]`.
fn pack(step: &AutomatonStep, channels: usize) -> Vec<f32> {
    let inputs = 4 * channels;
    let hidden = step.bias.len();
    let mut data = Vec::with_capacity(hidden * (1 + inputs + channels));
    for block in (0..hidden).step_by(4) {
        data.extend_from_slice(&step.bias[block..block + 4]);
        for input in 0..inputs {
            data.extend((block..block + 4).map(|unit| step.first[unit * inputs + input]));
        }
        for output in (0..channels).step_by(4) {
            for unit in block..block + 4 {
                data.extend((output..output + 4).map(|channel| step.second[channel * hidden + unit]));
            }
        }
    }
    data
}

/// One call of every variant, for tests.
pub fn variants() -> Vec<KernelCall> {
    let call = |channels: usize, cells: usize| {
        let step = AutomatonStep {
            label: "step",
            state: ValueId(0),
            next: ValueId(1),
            shape: [1, channels, 3, 5],
            filters: [[0.0; 9]; 3],
            first: &vec![0.0; 16 * channels],
            bias: &[0.0; 4],
            second: &vec![0.0; 4 * channels],
            bound: 1.0,
            threshold: 0.5,
            rates: vec![0.5; channels],
            zero: 0.0,
            stream: 0,
            mask: Dim::nchw(1),
            whole: Size::new(3, 5),
        };
        lower(&step, cells)
    };
    (1..=MAX_CHANNELS / 4).flat_map(|blocks| [1, 4].map(|cells| call(4 * blocks, cells))).collect()
}
