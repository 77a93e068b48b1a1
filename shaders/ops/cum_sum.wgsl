// CumSum: one invocation walks one line along the axis and writes the running sum. EXCLUSIVE leaves out the element itself,
// REVERSE starts from the end. Elements are integers with INTEGER, else floats.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Number of lines.
    count: u32,
    // Elements per line, and the stride between them.
    length: u32,
    stride: u32,
    unused: u32,
}

#ifdef INTEGER
alias Number = i32;
#else
alias Number = f32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Number>; // [.., length, stride]
@group(0) @binding(2) var<storage, read_write> y: array<Number>; // [.., length, stride]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let start = i / params.stride * params.length * params.stride + i % params.stride;
    var sum = Number(0);
    for (var k = 0u; k < params.length; k++) {
#ifdef REVERSE
        let at = start + (params.length - 1u - k) * params.stride;
#else
        let at = start + k * params.stride;
#endif
#ifdef EXCLUSIVE
        y[at] = sum;
        sum += x[at];
#else
        sum += x[at];
        y[at] = sum;
#endif
    }
}
