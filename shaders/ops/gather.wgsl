// Gather, GatherElements and GatherND: a walk over the output steps through data and indices; the indices add further steps
// through the data. Indices out of range are clamped. Elements are copied as words.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, offsets}

struct Params {
    dispatch: DispatchParams,
    // Axes of the output, outermost first: [length, stride in the data, stride in the indices, 0].
    axes: array<vec4<i32>, 8>,
    // Axes of the data that indices address: [length, stride, 0, 0].
    picks: array<vec4<i32>, 8>,
    // Number of `axes` in use, counted from the last.
    rank: u32,
    // Number of elements of the output.
    count: u32,
    // Number of `picks` in use, counted from the first.
    picked: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> data: array<u32>;
@group(0) @binding(2) var<storage, read_write> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let at = offsets(i, params.rank, params.axes);
    var place = at.x;
    for (var k = 0u; k < params.picked; k++) {
        let axis = params.picks[k];
        let index = indices[at.y + i32(k)];
        place += clamp(select(index, index + axis.x, index < 0), 0, axis.x - 1) * axis.y;
    }
    output[i] = data[place];
}
