//! `NnfSearch`, `NnfPropagate`, `NnfDistance` and `NnfVote` as one kernel call each. A workgroup searches for one cell; the others have an
//! invocation for each cell, a vote for each four channels of one.

use imagine_graph::{NnfPropagate, NnfSearch, NnfVote};

use crate::analysis::cost::Cost;
use crate::kernel::{KernelCall, ShaderDef};
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/nnf" {
        falloff: [u32; 4],
        size: [u32; 2],
        level: [u32; 2],
        count: u32,
        words: u32,
        radius: u32,
        locality: u32,
        jump: u32,
        coherence: u32,
        window: u32,
        candidates: u32,
        channels: u32,
        tiles: u32,
        source_tiles: u32,
        unused: u32,
    }
}

/// The call of `NnfSearch`.
pub fn lower_search(op: &NnfSearch, node: &Lowering) -> KernelCall {
    let mut params = Params {
        falloff: falloff(&op.falloff),
        radius: op.falloff.len() as u32 - 1,
        locality: op.locality,
        tiles: op.tiles.into(),
        source_tiles: op.source_tiles.into(),
        ..compared(node)
    };
    params.count = params.size[0] * params.size[1];
    let side = 2 * u64::from(params.radius) + 1;
    let places = u64::from(params.level[0]) * u64::from(params.level[1]);
    let patch = side * side * u64::from(params.words);
    // Twelve operations for the four bytes of a word, which is read on both sides.
    let per_cell = [places * (12 * patch + 16), places * (4 * patch + 4)];
    let per_cell = working(node, per_cell, RING);
    let call = call_of("SEARCH", ["SOURCE_MASK", "ACTIVE", "WEIGHT"], params, node, per_cell);
    KernelCall { workgroups: [params.count, 1, 1], ..call }
}

/// The call of `NnfPropagate`.
pub fn lower_propagate(op: &NnfPropagate, node: &Lowering) -> KernelCall {
    let candidates = node.optional(5).map_or(0, |candidates| candidates.value_type.shape[1] as u32);
    let mut params = Params {
        locality: op.locality,
        jump: op.jump,
        coherence: op.coherence,
        window: op.window,
        candidates,
        tiles: op.tiles.into(),
        source_tiles: op.source_tiles.into(),
        ..compared(node)
    };
    params.count = params.size[0] * params.size[1];
    let around = [0, 8, 56][op.window as usize] + if op.jump > 0 { 8 } else { 0 };
    let tried = u64::from(1 + around + candidates);
    let words = u64::from(params.words);
    let per_cell = [tried * (12 * words + 24), 4 * words + tried * (4 * words + 12)];
    let per_cell = working(node, per_cell, REGION);
    call_of("PROPAGATE", ["SOURCE_MASK", "ACTIVE", "CANDIDATES", "PENALTY"], params, node, per_cell)
}

/// The call of `NnfDistance`.
pub fn lower_distance(node: &Lowering) -> KernelCall {
    let mut params = compared(node);
    params.count = params.size[0] * params.size[1];
    let words = u64::from(params.words);
    call_of("DISTANCE", ["SOURCE_MASK", "ACTIVE"], params, node, [12 * words + 8, 8 * words + 16])
}

/// The call of `NnfVote`.
pub fn lower_vote(op: &NnfVote, node: &Lowering) -> KernelCall {
    let [source, output] = [node.image(1), node.output_image()];
    let params = Params {
        falloff: falloff(&op.falloff),
        size: [output[2], output[3]],
        level: [source[2], source[3]],
        radius: op.falloff.len() as u32 - 1,
        channels: output[1],
        count: output[2] * output[3] * output[1].div_ceil(4),
        tiles: op.tiles.into(),
        source_tiles: op.source_tiles.into(),
        ..Params::default()
    };
    let side = 2 * u64::from(params.radius) + 1;
    let per_cell = working(node, [side * side * 24, side * side * 28 + 32], REGION);
    let call = call_of("VOTE", ["SOURCE_MASK", "ACTIVE", "WEIGHT"], params, node, per_cell);
    let mut defs = call.defs;
    defs.extend(op.best.then_some(("BEST", ShaderDef::Bool(true))));
    defs.sort();
    KernelCall { defs, ..call }
}

/// A falloff as the shader has it.
fn falloff(weights: &[u32]) -> [u32; 4] {
    std::array::from_fn(|index| weights.get(index).copied().unwrap_or_default())
}

/// Where only active cells are worked on, which ones is not known when a plan is made. One in so many is assumed: of a region, and of a ring of it.
const REGION: u64 = 4;
const RING: u64 = 64;

/// Flop and bytes of a cell in the mean, if one in `share` is active where a node has them.
fn working(node: &Lowering, [flop, bytes]: [u64; 2], share: u64) -> [u64; 2] {
    let share = if node.optional(4).is_some() { share } else { 1 };
    [flop / share + 4, bytes / share + 8]
}

/// Parameters of the operators that compare features.
fn compared(node: &Lowering) -> Params {
    let [target, source] = [1, 2].map(|input| node.input(input).value_type.shape.as_slice());
    let side = |shape: &[usize]| [shape[0] as u32, shape[1] as u32];
    Params { size: side(target), level: side(source), words: target[2] as u32, ..Params::default() }
}

/// A call with flop and bytes for each of `count` invocations. `optional` are the defs of the inputs from the fourth on, binding numbers of
/// those that are there.
fn call_of<const N: usize>(
    def: &'static str,
    optional: [&'static str; N],
    params: Params,
    node: &Lowering,
    [flop, bytes]: [u64; 2],
) -> KernelCall {
    let count = u64::from(params.count);
    let call = call(node, [Some(def)], &params, params.count as usize, 0);
    let mut defs = call.defs;
    let mut next = 4;
    for (input, name) in optional.into_iter().enumerate() {
        if node.optional(3 + input).is_some() {
            defs.push((name, ShaderDef::UInt(next)));
            next += 1;
        }
    }
    defs.push(("OUTPUT", ShaderDef::UInt(next)));
    defs.sort();
    let cost = Cost { flop: flop * count, bytes: bytes * count };
    KernelCall { defs, cost, ..call }
}
