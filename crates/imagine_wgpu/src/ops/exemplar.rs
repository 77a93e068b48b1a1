//! `ExemplarStart`, `ExemplarDouble`, `ExemplarMove`, `ExemplarMatch` and `ExemplarGather` as one kernel call each.

use imagine_graph::{Dim, ExemplarDouble, ExemplarGather, ExemplarMatch, ExemplarMove, ExemplarStart, Extent};

use super::random::period;
use crate::analysis::cost::Cost;
use crate::kernel::{KernelCall, RandomStream, ShaderDef};
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/exemplar" {
        size: [u32; 2],
        level: [u32; 2],
        period: [u32; 2],
        origin: [u32; 2],
        lattice: [u32; 2],
        count: u32,
        block: u32,
        probability: u32,
        similar: u32,
        first: u32,
        channels: u32,
        words: u32,
        is_signed: u32,
        unused: [u32; 2],
    }
}

/// The call of `ExemplarStart`.
pub fn lower_start(op: &ExemplarStart, node: &Lowering) -> KernelCall {
    let level = [op.height, op.width].map(|side| side as u32);
    let lattice = op.lattice.map(|side| side as u32);
    let random = random(&op.shape, op.stream, node);
    let params = Params { level, lattice, period: sides(&random), block: op.block as u32, ..params(node) };
    // One hash of about 20 integer operations, which count like floating-point operations.
    KernelCall { random: Some(random), ..call_of("START", op.tiles, params, node, [40, 4]) }
}

/// The call of `ExemplarDouble`.
pub fn lower_double(op: &ExemplarDouble, node: &Lowering) -> KernelCall {
    let level = [op.height, op.width].map(|side| side as u32);
    call_of("DOUBLE", op.tiles, Params { level, ..params(node) }, node, [12, 8])
}

/// The call of `ExemplarMove`.
pub fn lower_move(op: &ExemplarMove, node: &Lowering) -> KernelCall {
    let (level, similar) = table(node, 1);
    let random = random(&op.shape, op.stream, node);
    let params = Params {
        level,
        similar,
        period: sides(&random),
        origin: op.origin.map(|at| at as u32),
        block: op.block as u32,
        probability: op.probability.into(),
        ..params(node)
    };
    KernelCall { random: Some(random), ..call_of("MOVE", op.tiles, params, node, [60, 20]) }
}

/// The call of `ExemplarMatch`.
pub fn lower_match(op: &ExemplarMatch, node: &Lowering) -> KernelCall {
    let appearance = &node.input(1).value_type.shape;
    let level = [appearance[0], appearance[1]].map(|side| side as u32 - 2);
    let has_table = node.optional(2).is_some();
    let similar = if has_table { table(node, 2).1 } else { 0 };
    // Candidates, each with four appearance vectors. Without a table, most cells have nine equal ones and skip them.
    let candidates = if has_table { 18 } else { 3 };
    let mut call = call_of(
        "MATCH",
        op.tiles,
        Params { level, similar, ..params(node) },
        node,
        [candidates * (4 * 8 * 4 + 48), 4 * 26 + 96 + candidates * 32],
    );
    if has_table {
        call.defs.push(("TABLE", ShaderDef::Bool(true)));
        call.defs.sort();
    }
    call
}

/// The call of `ExemplarGather`.
pub fn lower_gather(op: &ExemplarGather, node: &Lowering) -> KernelCall {
    let texels = &node.input(1).value_type.shape;
    let params = Params {
        level: [texels[0], texels[1]].map(|side| side as u32),
        words: texels[2] as u32,
        first: op.first as u32,
        channels: op.channels as u32,
        is_signed: op.signed.into(),
        ..params(node)
    };
    let channels = op.channels as u64;
    call_of("GATHER", true, params, node, [4 * channels, 4 + 8 * channels])
}

/// Parameters that all five share.
fn params(node: &Lowering) -> Params {
    let shape = node.output_shape();
    let [images, height, width] = [shape[0], shape[2], shape[3]].map(|side| side as u32);
    let size = [height, width];
    Params { size, period: size, count: images * height * width, block: 1, ..Params::default() }
}

/// A call with flop and bytes for each cell.
fn call_of(def: &'static str, tiles: bool, params: Params, node: &Lowering, [flop, bytes]: [u64; 2]) -> KernelCall {
    let count = params.count as usize;
    let cost = Cost { flop: flop * count as u64, bytes: bytes * count as u64 };
    KernelCall { cost, ..call(node, [Some(def), tiles.then_some("TILES")], &params, count, 0) }
}

/// The random numbers of a field whose whole has the symbolic shape `dims`.
fn random(dims: &[Dim], stream: u32, node: &Lowering) -> RandomStream {
    let size = Extent::of_shape(node.output_shape());
    RandomStream { stream, dims: dims.to_vec(), size: period(dims, size, node.whole), first: [0; 2] }
}

/// Rows and columns at which the random numbers repeat.
fn sides(random: &RandomStream) -> [u32; 2] {
    random.size.map(|side| side as u32).into()
}

/// Sides of the level, and the entries for each place, of the table at `input`.
fn table(node: &Lowering, input: usize) -> ([u32; 2], u32) {
    let shape = &node.input(input).value_type.shape;
    ([shape[0] as u32, shape[1] as u32], shape[2] as u32)
}
