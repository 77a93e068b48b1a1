// ArgMax, and ArgMin with SMALLEST: one invocation per output element walks the axis. With LAST the last of equal elements
// counts. Elements are integers with TYPE_I32, else floats.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

#ifdef TYPE_I32
alias Number = i32;
#else
alias Number = f32;
#endif

struct Params {
    dispatch: DispatchParams,
    // Length of the axis, and the stride between its elements.
    length: u32,
    stride: u32,
    // Number of elements of the output.
    count: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Number>; // [count / stride, length, stride]
@group(0) @binding(2) var<storage, read_write> y: array<i32>; // [count]

fn better(value: Number, best: Number) -> bool {
#ifdef SMALLEST
    let ahead = value < best;
#else
    let ahead = value > best;
#endif
#ifdef LAST
    return ahead || value == best;
#else
    return ahead;
#endif
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let start = i / params.stride * params.length * params.stride + i % params.stride;
    var best = x[start];
    var found = 0u;
    for (var k = 1u; k < params.length; k++) {
        let value = x[start + k * params.stride];
        if better(value, best) {
            best = value;
            found = k;
        }
    }
    y[i] = i32(found);
}
