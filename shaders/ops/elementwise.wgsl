// A group of elementwise nodes. Every invocation computes one element of the output by `imagine::program`, a module that the plan writes for the group. Values
// are words: floats by their bits, integers, truth values 0 or 1. INPUT_2 to INPUT_6: there are so many inputs; OUTPUT is the binding of the output. HALF_1 to
// HALF_6, HALF_OUT: they are stored as 16-bit floats.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, walk_offsets}
#import imagine::program::program
#import imagine::words::word

struct Params {
    dispatch: DispatchParams,
    // Axes of the output, outermost first: [length, stride in input 1, in 2, in 3], and the same for inputs 4, 5 and 6.
    axes: array<vec4<i32>, 8>,
    more_axes: array<vec4<i32>, 8>,
    // Four constants each.
    numbers: array<vec4<u32>, 16>,
    // Number of axes in use, counted from the last.
    rank: u32,
    // Number of elements of the output.
    count: u32,
    // Always 0, but compilers do not know. A product XORed with it cannot be contracted to a fused multiply-add, so groups round as single kernels do.
    zero: u32,
    unused: u32,
}

#ifdef HALF_1
alias Stored1 = f16;
#else
alias Stored1 = u32;
#endif
#ifdef HALF_2
alias Stored2 = f16;
#else
alias Stored2 = u32;
#endif
#ifdef HALF_3
alias Stored3 = f16;
#else
alias Stored3 = u32;
#endif
#ifdef HALF_4
alias Stored4 = f16;
#else
alias Stored4 = u32;
#endif
#ifdef HALF_5
alias Stored5 = f16;
#else
alias Stored5 = u32;
#endif
#ifdef HALF_6
alias Stored6 = f16;
#else
alias Stored6 = u32;
#endif

#ifdef HALF_OUT
alias StoredOut = f16;
#else
alias StoredOut = u32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> input_1: array<Stored1>; // broadcasts to the output
#ifdef INPUT_2
@group(0) @binding(2) var<storage, read_write> input_2: array<Stored2>; // broadcasts to the output
#endif
#ifdef INPUT_3
@group(0) @binding(3) var<storage, read_write> input_3: array<Stored3>; // broadcasts to the output
#endif
#ifdef INPUT_4
@group(0) @binding(4) var<storage, read_write> input_4: array<Stored4>; // broadcasts to the output
#endif
#ifdef INPUT_5
@group(0) @binding(5) var<storage, read_write> input_5: array<Stored5>; // broadcasts to the output
#endif
#ifdef INPUT_6
@group(0) @binding(6) var<storage, read_write> input_6: array<Stored6>; // broadcasts to the output
#endif
@group(0) @binding(#{OUTPUT}) var<storage, read_write> output: array<StoredOut>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    var v0 = 0u;
    var v1 = 0u;
    var v2 = 0u;
    var v3 = 0u;
    var v4 = 0u;
    var v5 = 0u;
    let at = walk_offsets(i, params.rank, params.axes);
#ifdef HALF_1
    v0 = word(f32(input_1[at.x]));
#else
    v0 = input_1[at.x];
#endif
#ifdef INPUT_2
#ifdef HALF_2
    v1 = word(f32(input_2[at.y]));
#else
    v1 = input_2[at.y];
#endif
#endif
#ifdef INPUT_3
#ifdef HALF_3
    v2 = word(f32(input_3[at.z]));
#else
    v2 = input_3[at.z];
#endif
#endif
#ifdef INPUT_4
    let further = walk_offsets(i, params.rank, params.more_axes);
#ifdef HALF_4
    v3 = word(f32(input_4[further.x]));
#else
    v3 = input_4[further.x];
#endif
#endif
#ifdef INPUT_5
#ifdef HALF_5
    v4 = word(f32(input_5[further.y]));
#else
    v4 = input_5[further.y];
#endif
#endif
#ifdef INPUT_6
#ifdef HALF_6
    v5 = word(f32(input_6[further.z]));
#else
    v5 = input_6[further.z];
#endif
#endif
    let result = program(v0, v1, v2, v3, v4, v5, params.numbers, params.zero);
#ifdef HALF_OUT
    output[i] = f16(bitcast<f32>(result));
#else
    output[i] = result;
#endif
}
