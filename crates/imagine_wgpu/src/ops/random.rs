//! `RandomUniform`, `RandomNormal` and `Bernoulli` as one kernel call.

use imagine_graph::{Bernoulli, DType, Dim, Extent, RandomNormal, RandomPart, RandomUniform, Size};

use crate::kernel::{KernelCall, RandomStream};
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/random" {
        size: [u32; 2],
        affine: [f32; 2],
        count: u32,
        one: u32,
        period: [u32; 2],
    }
}

/// The call of `RandomUniform`.
pub fn lower_uniform(op: &RandomUniform, node: &Lowering) -> KernelCall {
    lower(None, [op.high - op.low, op.low], 0, stream(op.stream, op.part), &op.shape, node)
}

/// The call of `RandomNormal`.
pub fn lower_normal(op: &RandomNormal, node: &Lowering) -> KernelCall {
    lower(Some("NORMAL"), [op.scale, op.mean], 0, stream(op.stream, op.part), &op.shape, node)
}

/// The call of `Bernoulli`.
pub fn lower_bernoulli(op: &Bernoulli, node: &Lowering) -> KernelCall {
    let one = if op.dtype == DType::F32 { 1.0f32.to_bits() } else { 1 };
    lower(Some("BERNOULLI"), [1.0, 0.0], one, stream(op.stream, None), &op.shape, node)
}

/// A stream, and the first row and column that are drawn from it.
fn stream(stream: u32, part: Option<RandomPart>) -> (u32, [i32; 2]) {
    (stream, part.map_or([0; 2], |part| part.first))
}

fn lower(
    def: Option<&'static str>,
    affine: [f32; 2],
    one: u32,
    (stream, first): (u32, [i32; 2]),
    dims: &[Dim],
    node: &Lowering,
) -> KernelCall {
    let shape = node.output_shape();
    let size = Extent::of_shape(shape);
    let count = shape.iter().product::<usize>();
    let period = period(dims, size, node.whole);
    let [size, wraps] = [size, period].map(|sides| sides.map(|side| side as u32).into());
    let params = Params { size, affine, count: count as u32, one, period: wraps, ..Params::default() };
    // Two hashes of about 20 integer operations each, which count like floating-point operations.
    let random = Some(RandomStream { stream, dims: dims.to_vec(), size: period, first });
    KernelCall { random, ..call(node, [def], &params, count, 40 * count as u64) }
}

/// Size at which coordinates of a random tensor wrap: that of `dims` in the whole image, else its own.
pub(crate) fn period(dims: &[Dim], size: Extent, whole: Size) -> Extent {
    Extent::from_fn(|axis| axis.index(dims.len()).and_then(|index| dims[index].bind(whole)).unwrap_or(size[axis]))
}
