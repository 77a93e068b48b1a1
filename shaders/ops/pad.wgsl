// Pad along any axis, after cropping by negative pads. The defs BORDER_* choose the padding; elements are copied as words. Tile
// is wrap padding at the end only. AXES_1, AXES_2 and AXES_3 specialise by the number of axes, as in `imagine::index`.
// HALF: elements are floats; HALF_1: the input has 16 bits; HALF_OUT: the output has 16 bits.
#import imagine::border::place
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Axes, outermost first: [length in the output, length of the cropped input, stride in the input, elements added before
    // it, less whole periods of the border].
    axes: array<vec4<i32>, 8>,
    // Number of axes in use, counted from the last.
    rank: u32,
    // Number of elements of the output.
    count: u32,
    // The padding word in constant mode.
    fill: u32,
    // Index in the input of the first element after cropping.
    start: u32,
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
@group(0) @binding(1) var<storage, read_write> input: array<In>;
@group(0) @binding(2) var<storage, read_write> output: array<Out>; // [count]

// The linear index of the remaining outer axes, the offset in the input so far, and whether it is inside.
struct Walk {
    rest: u32,
    offset: i32,
    inside: bool,
}

// Removes the innermost axis.
fn take(walk: Walk, axis: vec4<i32>) -> Walk {
    let length = u32(axis.x);
    var at = i32(walk.rest % length) - axis.w;
    // Axes without padding need no border; the branch is uniform.
    if axis.x != axis.y { at = place(at, axis.y); }
    return Walk(walk.rest / length, walk.offset + max(at, 0) * axis.z, walk.inside && at >= 0);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    // Indices are constants so that no driver copies the array.
    var walk = take(Walk(i, i32(params.start), true), params.axes[7]);
#ifdef AXES_2
    walk = take(walk, params.axes[6]);
#else ifdef AXES_3
    walk = take(take(walk, params.axes[6]), params.axes[5]);
#else ifndef AXES_1
    if params.rank > 1u { walk = take(walk, params.axes[6]); }
    if params.rank > 2u { walk = take(walk, params.axes[5]); }
    if params.rank > 3u { walk = take(walk, params.axes[4]); }
    if params.rank > 4u { walk = take(walk, params.axes[3]); }
    if params.rank > 5u { walk = take(walk, params.axes[2]); }
    if params.rank > 6u { walk = take(walk, params.axes[1]); }
    if params.rank > 7u { walk = take(walk, params.axes[0]); }
#endif
    if walk.inside {
        output[i] = Out(input[walk.offset]);
    } else {
#ifdef HALF
        output[i] = Out(bitcast<f32>(params.fill));
#else
        output[i] = params.fill;
#endif
    }
}
