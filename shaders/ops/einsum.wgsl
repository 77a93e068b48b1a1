// Einsum: every output element sums the products of two inputs (PRODUCT), or one input, over the summed letters in row-major
// order.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, offsets}

struct Params {
    dispatch: DispatchParams,
    // Letters of the output, outermost first: [length, stride in A, in B, 0].
    kept: array<vec4<i32>, 8>,
    // Summed letters, likewise; the innermost has length 1 here, its length is `steps`.
    summed: array<vec4<i32>, 8>,
    kept_rank: u32,
    summed_rank: u32,
    // Number of elements of the output.
    count: u32,
    // Number of combinations of `summed`.
    terms: u32,
    // Strides of the innermost letter, in A and in B, and its length.
    step: vec2<i32>,
    steps: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
#ifdef PRODUCT
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [count]
#else
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [count]
#endif

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let start = offsets(i, params.kept_rank, params.kept).xy;
    var sum = 0.0;
    for (var term = 0u; term < params.terms; term++) {
        var at = start + offsets(term, params.summed_rank, params.summed).xy;
        for (var k = 0u; k < params.steps; k++) {
#ifdef PRODUCT
            sum += a[at.x] * b[at.y];
#else
            sum += a[at.x];
#endif
            at += params.step;
        }
    }
    y[i] = sum;
}
