//! `NnfPack` and `NnfProject` as one kernel call each, with an invocation for each word.

use imagine_graph::NnfProject;

use crate::analysis::cost::Cost;
use crate::kernel::{KernelCall, ShaderDef};
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/nnf_feature" {
        size: [u32; 2],
        count: u32,
        channels: u32,
        words: u32,
        side: u32,
        shift: u32,
        tiles: u32,
    }
}

/// The call of `NnfPack`.
pub fn lower_pack(node: &Lowering) -> KernelCall {
    let params = params(node);
    call_of("PACK", params, node, [16, 20])
}

/// The call of `NnfProject`.
pub fn lower_project(op: &NnfProject, node: &Lowering) -> KernelCall {
    let basis = &node.input(1).value_type.shape;
    let params = Params { side: basis[1] as u32, shift: op.shift, tiles: op.tiles.into(), ..params(node) };
    let taps = (basis[0] * basis[1] * basis[2]) as u64;
    // Neighbours share most of the numbers that a patch reads.
    call_of("PROJECT", params, node, [8 * taps + 16, 4 * taps / 8 + 8])
}

fn params(node: &Lowering) -> Params {
    let [_, channels, height, width] = node.image(0);
    let words = node.output_shape()[2] as u32;
    Params { size: [height, width], count: height * width * words, channels, words, ..Params::default() }
}

fn call_of(def: &'static str, params: Params, node: &Lowering, [flop, bytes]: [u64; 2]) -> KernelCall {
    let count = u64::from(params.count);
    let active = node.optional(2).map(|_| "ACTIVE");
    let call = call(node, [Some(def), active], &params, params.count as usize, 0);
    let mut defs = call.defs;
    defs.push(("OUTPUT", ShaderDef::UInt(1 + call.operands.len() as u32)));
    defs.sort();
    KernelCall { defs, cost: Cost { flop: flop * count, bytes: bytes * count }, ..call }
}
