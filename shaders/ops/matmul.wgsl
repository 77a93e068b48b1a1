// MatMul and Gemm: Y = alpha * A B + beta * C, one output element an invocation, summed over k in order.
// Strides say what is transposed and what broadcasts. With the def ADDEND the third operand is there.
#import imagine::head::Head
#import imagine::index::{invocation, offsets}

struct Params {
    head: Head,
    // Axes of Y, outermost first, the last two are rows and columns: [length, stride in A, in B, in C].
    axes: array<vec4<i32>, 8>,
    // How many axes, from the last, are in use.
    rank: u32,
    // Number of elements of Y.
    count: u32,
    // Number of products that each of them sums.
    terms: u32,
    alpha: f32,
    // Strides along the summed axis, in A and in B.
    step: vec2<i32>,
    beta: f32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<f32>; // [.., M, K], or [K, M] if transposed
@group(0) @binding(2) var<storage, read_write> b: array<f32>; // [.., K, N], or [N, K] if transposed
#ifdef ADDEND
@group(0) @binding(3) var<storage, read_write> c: array<f32>; // broadcasts to [M, N]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [.., M, N]
#else
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [.., M, N]
#endif

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let at = offsets(i, params.rank, params.axes);
    var left = at.x;
    var right = at.y;
    var sum = 0.0;
    for (var k = 0u; k < params.terms; k++) {
        sum += a[left] * b[right];
        left += params.step.x;
        right += params.step.y;
    }
    sum *= params.alpha;
#ifdef ADDEND
    sum += params.beta * c[at.z];
#endif
    y[i] = sum;
}
