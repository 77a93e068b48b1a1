// Elementwise operators of one tensor. A def chooses the formula: one of ACTIVATION_*, or OP_SIN, OP_COS, OP_EXP, OP_SQRT,
// OP_ABS; with none of them the kernel copies.
#import imagine::activation::activate
#import imagine::head::Head
#import imagine::index::invocation
#import imagine::trigonometry::{sine, cosine}

struct Params {
    head: Head,
    // Slope, or lower and upper bound.
    activation: vec2<f32>,
    // Number of elements.
    count: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [count]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let v = x[i];
#ifdef OP_SIN
    y[i] = sine(v);
#else ifdef OP_COS
    y[i] = cosine(v);
#else ifdef OP_EXP
    y[i] = exp(v);
#else ifdef OP_SQRT
    y[i] = sqrt(v);
#else ifdef OP_ABS
    y[i] = abs(v);
#else
    y[i] = activate(v, params.activation);
#endif
}
