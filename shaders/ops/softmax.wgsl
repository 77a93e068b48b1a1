// Softmax, and LogSoftmax with LOG, along one axis. One invocation per line along the axis, or with COOPERATIVE one workgroup,
// in which each invocation takes every WORKGROUP-th element.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation
#import imagine::tree::{tree_max, tree_sum}

struct Params {
    dispatch: DispatchParams,
    // Length of the axis, and the stride between its elements.
    length: u32,
    stride: u32,
    // Number of lines.
    count: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [count / stride, length, stride]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // like x

fn largest(start: u32, first: u32, step: u32) -> f32 {
    var found = x[start];
    for (var k = first; k < params.length; k += step) {
        found = max(found, x[start + k * params.stride]);
    }
    return found;
}

fn total(start: u32, first: u32, step: u32, shift: f32) -> f32 {
    var sum = 0.0;
    for (var k = first; k < params.length; k += step) {
        sum += exp(x[start + k * params.stride] - shift);
    }
    return sum;
}

fn store(start: u32, first: u32, step: u32, shift: f32, sum: f32) {
    for (var k = first; k < params.length; k += step) {
        let at = start + k * params.stride;
#ifdef LOG
        y[at] = x[at] - shift - log(sum);
#else
        y[at] = exp(x[at] - shift) / sum;
#endif
    }
}

#ifdef COOPERATIVE
@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = workgroup.x + params.dispatch.base.x;
    if i >= params.count { return; }
    let start = i / params.stride * params.length * params.stride + i % params.stride;
    let shift = tree_max(largest(start, local, u32(#{WORKGROUP})), local);
    let sum = tree_sum(total(start, local, u32(#{WORKGROUP}), shift), local);
    store(start, local, u32(#{WORKGROUP}), shift, sum);
}
#else
@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let start = i / params.stride * params.length * params.stride + i % params.stride;
    let shift = largest(start, 0u, 1u);
    store(start, 0u, 1u, shift, total(start, 0u, 1u, shift));
}
#endif
