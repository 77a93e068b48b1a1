// Normalisation by statistics of the input, one invocation per set of elements with common statistics, or with COOPERATIVE one
// workgroup, in which each invocation takes every WORKGROUP-th element.
//
// CENTERED: (x - mean) / sqrt(var + epsilon). Else x over a norm: NORM_RMS, sqrt(mean of x * x + epsilon); NORM_L1, sum of
// abs(x); NORM_L2, sqrt(sum of x * x); 0 if one of the latter two is 0. Then follow SCALE, BIAS, the activation (ACTIVATION_*)
// and the sum with ADDEND, each if defined. HALF_1, HALF_4, HALF_OUT: x, addend, y are stored as 16-bit floats.
#import imagine::activation::activate
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, offsets, walk_offsets}
#import imagine::tree::tree_sum

struct Params {
    dispatch: DispatchParams,
    // Axes between sets, outermost first: [length, stride in X, in scale, in bias].
    kept: array<vec4<i32>, 8>,
    // Axes within a set, likewise.
    reduced: array<vec4<i32>, 8>,
    kept_rank: u32,
    reduced_rank: u32,
    // Number of sets.
    count: u32,
    // Elements per set.
    terms: u32,
    epsilon: f32,
    unused: u32,
    // Parameters of the activation.
    activation: vec2<f32>,
}

#ifdef HALF_1
alias X = f16;
#else
alias X = f32;
#endif

#ifdef HALF_OUT
alias Y = f16;
#else
alias Y = f32;
#endif

#ifdef HALF_4
alias Addend = f16;
#else
alias Addend = f32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<X>;
#ifdef SCALE
@group(0) @binding(2) var<storage, read_write> scale: array<f32>; // broadcasts to X
#ifdef BIAS
@group(0) @binding(3) var<storage, read_write> bias: array<f32>; // broadcasts to X
#ifdef ADDEND
@group(0) @binding(4) var<storage, read_write> addend: array<Addend>; // like x
@group(0) @binding(5) var<storage, read_write> y: array<Y>; // like x
#else
@group(0) @binding(4) var<storage, read_write> y: array<Y>; // like x
#endif
#else
@group(0) @binding(3) var<storage, read_write> y: array<Y>; // like x
#endif
#else
@group(0) @binding(2) var<storage, read_write> y: array<Y>; // like x
#endif

fn place(start: vec3<i32>, k: u32) -> vec3<i32> {
    return start + walk_offsets(k, params.reduced_rank, params.reduced);
}

fn total(start: vec3<i32>, first: u32, step: u32) -> f32 {
    var sum = 0.0;
    for (var k = first; k < params.terms; k += step) {
        sum += f32(x[place(start, k).x]);
    }
    return sum;
}

// The sum of squares of x - mean, or of magnitudes.
fn total_size(start: vec3<i32>, first: u32, step: u32, mean: f32) -> f32 {
    var sum = 0.0;
    for (var k = first; k < params.terms; k += step) {
        let value = f32(x[place(start, k).x]) - mean;
#ifdef NORM_L1
        sum += abs(value);
#else
        sum += value * value;
#endif
    }
    return sum;
}

// The divisor.
fn divisor(size: f32) -> f32 {
#ifdef NORM_L1
    return select(size, 1.0, size == 0.0);
#else ifdef NORM_L2
    return select(sqrt(size), 1.0, size == 0.0);
#else
    return sqrt(size / f32(params.terms) + params.epsilon);
#endif
}

fn store(start: vec3<i32>, first: u32, step: u32, mean: f32, size: f32) {
    let by = divisor(size);
    for (var k = first; k < params.terms; k += step) {
        let at = place(start, k);
        var value = (f32(x[at.x]) - mean) / by;
#ifdef SCALE
        value *= scale[at.y];
#ifdef BIAS
        value += bias[at.z];
#endif
#endif
        value = activate(value, params.activation);
#ifdef ADDEND
        value += f32(addend[at.x]);
#endif
        y[at.x] = Y(value);
    }
}

#ifdef COOPERATIVE
@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = workgroup.x + params.dispatch.base.x;
    if i >= params.count { return; }
    let start = offsets(i, params.kept_rank, params.kept);
#ifdef CENTERED
    let mean = tree_sum(total(start, local, u32(#{WORKGROUP})), local) / f32(params.terms);
#else
    let mean = 0.0;
#endif
    let size = tree_sum(total_size(start, local, u32(#{WORKGROUP}), mean), local);
    store(start, local, u32(#{WORKGROUP}), mean, size);
}
#else
@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let start = offsets(i, params.kept_rank, params.kept);
#ifdef CENTERED
    let mean = total(start, 0u, 1u) / f32(params.terms);
#else
    let mean = 0.0;
#endif
    store(start, 0u, 1u, mean, total_size(start, 0u, 1u, mean));
}
#endif
