// Pad along any axis, after elements were cut off. The defs BORDER_* choose what stands outside; elements are copied as words.
// Tile is wrapping without a beginning.
#import imagine::border::place
#import imagine::head::Head
#import imagine::index::invocation

struct Params {
    head: Head,
    // Axes, outermost first: [length in the output, length of what was not cut off, stride in the input, elements added before].
    axes: array<vec4<i32>, 6>,
    // How many axes, from the last, are in use.
    rank: u32,
    // Number of elements of the output.
    count: u32,
    // The word that stands outside in constant mode.
    fill: u32,
    // Index in the input of the first element that was not cut off.
    start: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> input: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    var rest = i32(i);
    var offset = i32(params.start);
    var inside = true;
    for (var k = 0u; k < params.rank; k++) {
        let axis = params.axes[5u - k];
        let at = place(rest % axis.x - axis.w, axis.y);
        inside = inside && at >= 0;
        offset += max(at, 0) * axis.z;
        rest /= axis.x;
    }
    if inside {
        output[i] = input[offset];
    } else {
        output[i] = params.fill;
    }
}
