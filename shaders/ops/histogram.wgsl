// Histogram: zeros (CLEAR), then one more for every element that names a place and counts (COUNT). Sums of integers do not depend on
// their order. OUTPUT is a binding number; with COUNTED, truth values say which elements count.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Rows and columns of places.
    size: vec2<u32>,
    // CLEAR: number of places. COUNT: number of elements.
    count: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> data: array<u32>; // [count], packed places
#ifdef COUNTED
@group(0) @binding(2) var<storage, read_write> counted: array<u32>; // [count]
#endif
@group(0) @binding(#{OUTPUT}) var<storage, read_write> y: array<atomic<u32>>; // [1, 1, height, width]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
#ifdef CLEAR
    atomicStore(&y[i], 0u);
#else
#ifdef COUNTED
    if counted[i] == 0u { return; }
#endif
    let place = vec2(data[i] >> 16u, data[i] & 0xffffu);
    if all(place < params.size) {
        atomicAdd(&y[place.x * params.size.y + place.y], 1u);
    }
#endif
}
