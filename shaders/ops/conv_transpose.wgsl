// ConvTranspose as a gather: every output element sums the input elements whose windows cover it, over channel, kernel row and
// kernel column in order. BIAS: there is a third operand. With VOLUME all tensors have a depth before the height.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, image_coordinate}

struct Params {
    dispatch: DispatchParams,
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
    // With VOLUME, along the depth: dilation, and layers that the output leaves out before.
    depth_window: vec2<i32>,
    // With VOLUME: depth of the output, of the input and of the kernel, and its stride.
    depths: vec4<i32>,
    // Number of elements of the output.
    count: u32,
    unused: u32,
    unused_pair: vec2<u32>,
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

// The input position whose window element at offset `ahead` covers output position `at`, or -1.
fn source(at: i32, ahead: i32, stride: i32, length: i32) -> i32 {
    let strided = at - ahead;
    let position = strided / stride;
    let hit = strided >= 0 && position * stride == strided && position < length;
    return select(-1, position, hit);
}

// `sum` plus the products of one channel with one filter; `plane` is the first row of the channel, `filter_start` that of
// the filter.
fn add_image(sum: f32, plane: i32, filter_start: i32, at: vec2<i32>) -> f32 {
    let size = vec2<i32>(params.input_shape.zw);
    var total = sum;
    for (var ky = 0; ky < params.kernel.x; ky++) {
        let row = source(at.x, ky * params.dilations.x, params.strides.x, size.x);
        if row < 0 { continue; }
        for (var kx = 0; kx < params.kernel.y; kx++) {
            let column = source(at.y, kx * params.dilations.y, params.strides.y, size.y);
            if column < 0 { continue; }
            total += x[(plane + row) * size.y + column] * w[(filter_start + ky) * params.kernel.y + kx];
        }
    }
    return total;
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
#ifdef VOLUME
    let layer = i / (params.shape.z * params.shape.w);
    let plane_at = layer / u32(params.depths.x);
    let front = i32(layer % u32(params.depths.x)) + params.depth_window.y;
    let at = vec4<i32>(vec4(plane_at / params.shape.y, plane_at % params.shape.y, image_coordinate(i, params.shape).zw));
#else
    let at = vec4<i32>(image_coordinate(i, params.shape));
#endif
    let group = at.y / params.group_channels.y;
    let first = group * params.group_channels.x;
    let m = at.y - group * params.group_channels.y;
    let place = at.zw + params.begin;
#ifdef BIAS
    var sum = bias[at.y];
#else
    var sum = 0.0;
#endif
    for (var c = first; c < first + params.group_channels.x; c++) {
        let channel = at.x * i32(params.input_shape.y) + c;
        let filter_at = c * params.group_channels.y + m;
#ifdef VOLUME
        for (var kz = 0; kz < params.depths.z; kz++) {
            let input_layer = source(front, kz * params.depth_window.x, params.depths.w, params.depths.y);
            if input_layer < 0 { continue; }
            let plane = (channel * params.depths.y + input_layer) * i32(params.input_shape.z);
            sum = add_image(sum, plane, (filter_at * params.depths.z + kz) * params.kernel.x, place);
        }
#else
        sum = add_image(sum, channel * i32(params.input_shape.z), filter_at * params.kernel.x, place);
#endif
    }
    y[i] = sum;
}
