// Elementwise operators of two tensors with broadcasting. A def chooses the formula: OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MIN,
// OP_MAX or OP_GREATER.
#import imagine::head::Head
#import imagine::index::{invocation, offsets}

struct Params {
    head: Head,
    // Axes of C, outermost first: [length, stride in A, stride in B, 0].
    axes: array<vec4<i32>, 6>,
    // How many axes, from the last, are in use.
    rank: u32,
    // Number of elements of C.
    count: u32,
    unused: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<f32>; // broadcasts to C
@group(0) @binding(2) var<storage, read_write> b: array<f32>; // broadcasts to C
#ifdef OP_GREATER
@group(0) @binding(3) var<storage, read_write> c: array<u32>; // [count], 0 or 1
#else
@group(0) @binding(3) var<storage, read_write> c: array<f32>; // [count]
#endif

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let at = offsets(i, params.rank, params.axes);
    let left = a[at.x];
    let right = b[at.y];
#ifdef OP_ADD
    c[i] = left + right;
#else ifdef OP_SUB
    c[i] = left - right;
#else ifdef OP_MUL
    c[i] = left * right;
#else ifdef OP_DIV
    c[i] = left / right;
#else ifdef OP_MIN
    c[i] = min(left, right);
#else ifdef OP_MAX
    c[i] = max(left, right);
#else ifdef OP_GREATER
    c[i] = u32(left > right);
#endif
}
