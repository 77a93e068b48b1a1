// Where: X if the condition is true, else Y, all three broadcast. Elements are copied as words of any type.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, walk_offsets}

struct Params {
    dispatch: DispatchParams,
    // Axes of the output, outermost first: [length, stride in condition, in X, in Y].
    axes: array<vec4<i32>, 8>,
    // Number of axes in use, counted from the last.
    rank: u32,
    // Number of elements of the output.
    count: u32,
    unused: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> condition: array<u32>; // broadcasts to the output; 0 or 1
@group(0) @binding(2) var<storage, read_write> x: array<u32>; // broadcasts to the output
@group(0) @binding(3) var<storage, read_write> y: array<u32>; // broadcasts to the output
@group(0) @binding(4) var<storage, read_write> output: array<u32>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let at = walk_offsets(i, params.rank, params.axes);
    if condition[at.x] != 0u {
        output[i] = x[at.y];
    } else {
        output[i] = y[at.z];
    }
}
