// Copies one input of Concat to its place in the output as words, one element per invocation.
// HALF: elements are floats; HALF_1: the input has 16 bits; HALF_OUT: the output has 16 bits.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, walk_offsets}

struct Params {
    dispatch: DispatchParams,
    // Axes of the input, outermost first: [length, stride in the output, 0, 0].
    axes: array<vec4<i32>, 8>,
    // Number of axes in use, counted from the last.
    rank: u32,
    // Number of elements of the input.
    count: u32,
    // Index in the output of the input's first element.
    start: u32,
    unused: u32,
}

#ifdef HALF_1
alias In = f16;
#else ifdef HALF
alias In = f32;
#else
alias In = u32;
#endif

#ifdef HALF_OUT
alias Out = f16;
#else ifdef HALF
alias Out = f32;
#else
alias Out = u32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> input: array<In>; // [count]
@group(0) @binding(2) var<storage, read_write> output: array<Out>; // all inputs joined

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    output[i32(params.start) + walk_offsets(i, params.rank, params.axes).x] = Out(input[i]);
}
