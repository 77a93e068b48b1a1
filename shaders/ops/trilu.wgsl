// Trilu: the triangle of every matrix above a diagonal with UPPER, else below it; zeros elsewhere. Elements are copied as
// words.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Rows and columns.
    size: vec2<u32>,
    // Number of elements.
    count: u32,
    // Offset of the diagonal to the right of the main one.
    k: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> input: array<u32>; // [.., rows, columns]
@group(0) @binding(2) var<storage, read_write> output: array<u32>; // [.., rows, columns]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let right = i32(i % params.size.y) - i32(i / params.size.y % params.size.x);
#ifdef UPPER
    let stays = right >= params.k;
#else
    let stays = right <= params.k;
#endif
    output[i] = select(0u, input[i], stays);
}
