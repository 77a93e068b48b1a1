// ConvTranspose as a gather: every output element sums the input elements whose windows cover it, over channel, kernel
// row and kernel column in order. With the def BIAS the third operand is there.
#import imagine::head::Head
#import imagine::index::{invocation, image_coordinate}

struct Params {
    head: Head,
    // Shape of the output, [N, M, H, W].
    shape: vec4<u32>,
    // Shape of the input, [N, C, input height, input width].
    input_shape: vec4<u32>,
    kernel: vec2<i32>,
    strides: vec2<i32>,
    dilations: vec2<i32>,
    // Rows above and columns to the left that the output leaves out.
    begin: vec2<i32>,
    // Input channels and output channels of one group.
    group_channels: vec2<i32>,
    // Number of elements of the output.
    count: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [N, C, input height, input width]
@group(0) @binding(2) var<storage, read_write> w: array<f32>; // [C, M / group, kernel height, kernel width]
#ifdef BIAS
@group(0) @binding(3) var<storage, read_write> bias: array<f32>; // [M]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [N, M, H, W]
#else
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [N, M, H, W]
#endif

// The input position whose window element `k` falls on output position `at`, or -1.
fn source(at: i32, k: i32, axis: u32) -> i32 {
    let strided = at + params.begin[axis] - k * params.dilations[axis];
    let position = strided / params.strides[axis];
    let hit = strided >= 0 && position * params.strides[axis] == strided && position < i32(params.input_shape[axis + 2u]);
    return select(-1, position, hit);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let at = vec4<i32>(image_coordinate(i, params.shape));
    let first = at.y / params.group_channels.y * params.group_channels.x;
    let m = at.y % params.group_channels.y;
    let size = vec2<i32>(params.input_shape.zw);
#ifdef BIAS
    var sum = bias[at.y];
#else
    var sum = 0.0;
#endif
    for (var c = first; c < first + params.group_channels.x; c++) {
        let plane = (at.x * i32(params.input_shape.y) + c) * size.x;
        let filter_start = (c * params.group_channels.y + m) * params.kernel.x;
        for (var ky = 0; ky < params.kernel.x; ky++) {
            let row = source(at.z, ky, 0u);
            if row < 0 { continue; }
            for (var kx = 0; kx < params.kernel.y; kx++) {
                let column = source(at.w, kx, 1u);
                if column < 0 { continue; }
                sum += x[(plane + row) * size.y + column] * w[(filter_start + ky) * params.kernel.y + kx];
            }
        }
    }
    y[i] = sum;
}
