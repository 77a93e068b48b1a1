// RandomUniform, RandomNormal (NORMAL) or Bernoulli (BERNOULLI) from a hash of key, plane, row and column of every element.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation
#import imagine::rng::{lattice_coordinate, uniform_number, normal_number}

struct Params {
    dispatch: DispatchParams,
    // Height and width; 1 for missing dimensions.
    size: vec2<u32>,
    // Scale and offset: [high - low, low] or [scale, mean].
    affine: vec2<f32>,
    // Number of elements.
    count: u32,
    // The word that Bernoulli writes if the number is below the probability: 1 or 1.0.
    one: u32,
    // Height and width at which coordinates wrap: those of the whole image, even if this is a window of it.
    period: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
#ifdef BERNOULLI
@group(0) @binding(1) var<storage, read_write> probabilities: array<f32>; // [planes, height, width]
@group(0) @binding(2) var<storage, read_write> y: array<u32>; // [planes, height, width]
#else
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [planes, height, width]
#endif

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let row = i / params.size.y;
    let element = vec2(row % params.size.x, i % params.size.y);
    let coordinate = lattice_coordinate(params.dispatch.random, params.period, element);
    let plane = row / params.size.x;
#ifdef NORMAL
    let number = normal_number(coordinate, plane, params.dispatch.random.x);
#else
    let number = uniform_number(coordinate, plane, params.dispatch.random.x);
#endif
#ifdef BERNOULLI
    y[i] = select(0u, params.one, number < probabilities[i]);
#else
    y[i] = params.affine.y + params.affine.x * number;
#endif
}
