// Transpose and Expand: a strided copy of the input, with stride 0 along broadcast axes. Elements are copied as words.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, walk_offsets}

struct Params {
    dispatch: DispatchParams,
    // Axes of the output, outermost first: [length, stride in the input, 0, 0].
    axes: array<vec4<i32>, 8>,
    // Number of axes in use, counted from the last.
    rank: u32,
    // Number of elements of the output.
    count: u32,
    // Index in the input of the first output element.
    start: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> input: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    output[i] = input[i32(params.start) + walk_offsets(i, params.rank, params.axes).x];
}
