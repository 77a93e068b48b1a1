//! `ExemplarStart`, `ExemplarDouble`, `ExemplarMove`, `ExemplarMatch` and `ExemplarGather` as one kernel call each.

use imagine_graph::{
    DEFAULT_GUIDE_SCALE, Dim, ExemplarDouble, ExemplarGather, ExemplarMatch, ExemplarMove, ExemplarStart, Extent,
};

use super::random::period;
use crate::analysis::cost::Cost;
use crate::kernel::{KernelCall, RandomStream, ShaderDef};
use crate::lowering::Lowering;
use crate::ops::axes::{broadcast, call};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/exemplar" {
        wanted_steps: [u32; 4],
        variation_steps: [u32; 4],
        gain_steps: [u32; 4],
        candidate_steps: [u32; 4],
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
        guides: u32,
        guide_words: u32,
        guide_scale: u32,
        candidates: u32,
        candidate_cost: u32,
        unused: u32,
    }
}

/// The call of `ExemplarStart`.
pub fn lower_start(op: &ExemplarStart, node: &Lowering) -> KernelCall {
    let level = [op.height, op.width].map(|side| side as u32);
    let lattice = op.lattice.map(|side| side as u32);
    let random = random(&op.shape, op.stream, node);
    let params = Params { level, lattice, period: sides(&random), block: op.block as u32, ..params(node) };
    // One hash of about 20 integer operations, which count like floating-point operations.
    KernelCall { random: Some(random), ..call_of("START", op.tiles, params, node, Bindings::new(0), [40, 4]) }
}

/// The call of `ExemplarDouble`.
pub fn lower_double(op: &ExemplarDouble, node: &Lowering) -> KernelCall {
    let level = [op.height, op.width].map(|side| side as u32);
    call_of("DOUBLE", op.tiles, Params { level, ..params(node) }, node, Bindings::new(1), [12, 8])
}

/// The call of `ExemplarMove`.
pub fn lower_move(op: &ExemplarMove, node: &Lowering) -> KernelCall {
    let (level, similar) = table(node, 1);
    let random = random(&op.shape, op.stream, node);
    let mut params = Params {
        level,
        similar,
        period: sides(&random),
        origin: op.origin.map(|at| at as u32),
        block: op.block as u32,
        probability: op.probability.into(),
        guide_scale: DEFAULT_GUIDE_SCALE,
        ..params(node)
    };
    let mut bindings = Bindings::new(1);
    bindings.next("TABLE");
    let mut cost = [60, 20];
    if bindings.guide(node, 2, &mut params) {
        // Blocks that are where the guide wants them look at one place; here as if half were.
        cost = cost_with(cost, 4);
    }
    if let Some(variation) = node.optional(4) {
        bindings.next("VARIATION");
        params.variation_steps = steps(&variation.value_type.shape);
    }
    KernelCall { random: Some(random), ..call_of("MOVE", op.tiles, params, node, bindings, cost) }
}

/// The call of `ExemplarMatch`.
pub fn lower_match(op: &ExemplarMatch, node: &Lowering) -> KernelCall {
    let appearance = &node.input(1).value_type.shape;
    let level = [appearance[0], appearance[1]].map(|side| side as u32 - 2);
    let has_table = node.optional(2).is_some();
    let similar = if has_table { table(node, 2).1 } else { 0 };
    let more = node.optional(5).map(|candidates| candidates.value_type.shape.clone());
    let count = more.as_ref().map_or(0, |shape| shape[1]);
    // Candidates, each with four appearance vectors. Without a table and others, most cells have nine equal ones and skip them.
    let own = if has_table { 18 } else { 3 };
    let candidates = if count > 0 { own.max(9) + count as u64 } else { own };
    let mut cost = [candidates * (4 * 8 * 4 + 48), 4 * 26 + 96 + candidates * 32];
    let mut params = Params { level, similar, guide_scale: op.guide_scale, ..params(node) };
    let mut bindings = Bindings::new(2);
    if has_table {
        bindings.next("TABLE");
    }
    if bindings.guide(node, 3, &mut params) {
        cost = cost_with(cost, candidates);
    }
    if let Some(shape) = more {
        bindings.next("CANDIDATES");
        params.candidate_steps = steps(&shape);
        params.candidates = count as u32;
        params.candidate_cost = op.candidate_cost;
    }
    call_of("MATCH", op.tiles, params, node, bindings, cost)
}

/// The call of `ExemplarGather`.
pub fn lower_gather(op: &ExemplarGather, node: &Lowering) -> KernelCall {
    let texels = &node.input(1).value_type.shape;
    let mut params = Params {
        level: [texels[0], texels[1]].map(|side| side as u32),
        words: texels[2] as u32,
        first: op.first as u32,
        channels: op.channels as u32,
        is_signed: op.signed.into(),
        ..params(node)
    };
    let channels = op.channels as u64;
    let mut bindings = Bindings::new(2);
    if let Some(gain) = node.optional(2) {
        bindings.next("GAIN");
        params.gain_steps = steps(&gain.value_type.shape);
    }
    call_of("GATHER", true, params, node, bindings, [4 * channels, 4 + 8 * channels])
}

/// Parameters that all five share.
fn params(node: &Lowering) -> Params {
    let shape = node.output_shape();
    let [images, height, width] = [shape[0], shape[2], shape[3]].map(|side| side as u32);
    let size = [height, width];
    Params { size, period: size, count: images * height * width, block: 1, ..Params::default() }
}

/// Operations and bytes of what the guides say of one place.
const GUIDE_COST: [u64; 2] = [16, 8];

/// The cost of a cell, with `places` that a guide is asked about.
fn cost_with([flop, bytes]: [u64; 2], places: u64) -> [u64; 2] {
    [flop + places * GUIDE_COST[0], bytes + places * GUIDE_COST[1]]
}

/// Binding numbers of optional buffers and of the output, in the order of the node's inputs.
struct Bindings {
    defs: Vec<(&'static str, ShaderDef)>,
    next: u32,
}

impl Bindings {
    /// After the uniform and the first `inputs` inputs.
    fn new(inputs: u32) -> Self {
        Self { defs: Vec::new(), next: 1 + inputs }
    }

    fn next(&mut self, name: &'static str) {
        self.defs.push((name, ShaderDef::UInt(self.next)));
        self.next += 1;
    }

    /// Binds the guide at `input` and its target, and describes them. Whether the node has them.
    fn guide(&mut self, node: &Lowering, input: usize, params: &mut Params) -> bool {
        let (Some(guide), Some(target)) = (node.optional(input), node.optional(input + 1)) else { return false };
        self.next("GUIDE");
        self.next("WANTED");
        params.wanted_steps = steps(&target.value_type.shape);
        params.guides = target.value_type.shape[1] as u32;
        params.guide_words = guide.value_type.shape[2] as u32;
        true
    }
}

/// Steps from one image, channel, row and column to the next; 0 where one stands for all.
fn steps(shape: &[usize]) -> [u32; 4] {
    let strides = broadcast(shape, 4);
    std::array::from_fn(|axis| strides[axis] as u32)
}

/// A call with flop and bytes for each cell.
fn call_of(
    def: &'static str,
    tiles: bool,
    params: Params,
    node: &Lowering,
    mut bindings: Bindings,
    [flop, bytes]: [u64; 2],
) -> KernelCall {
    let count = params.count as usize;
    let cost = Cost { flop: flop * count as u64, bytes: bytes * count as u64 };
    bindings.next("OUTPUT");
    let call = call(node, [Some(def), tiles.then_some("TILES")], &params, count, 0);
    let mut defs = [call.defs, bindings.defs].concat();
    defs.sort();
    KernelCall { cost, defs, ..call }
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
