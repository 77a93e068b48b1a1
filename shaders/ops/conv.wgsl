// Conv of volumes or with weights unknown at planning time, one output element per invocation; `ops/blocked` does the others.
// Starting from the bias, every element sums over input channel and kernel element in order. BORDER_*: padding. With VOLUME all
// tensors have a depth before the height.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, image_coordinate}
#import imagine::activation::activate

struct Params {
    dispatch: DispatchParams,
    // Shape of the output, [N, M, H, W].
    shape: vec4<u32>,
    // Shape of the input, [N, C, input height, input width].
    input_shape: vec4<u32>,
    kernel: vec2<i32>,
    strides: vec2<i32>,
    dilations: vec2<i32>,
    // Positions added above and to the left.
    begin: vec2<i32>,
    // Input channels and output channels of one group.
    group_channels: vec2<u32>,
    // Parameters of the activation.
    activation: vec2<f32>,
    // With VOLUME: depth of the output, of the input and of the kernel, and its stride.
    depths: vec4<i32>,
    // With VOLUME, along the depth: dilation, and positions added before.
    depth_window: vec2<i32>,
    // Number of elements of the output.
    count: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [N, C, input height, input width]
@group(0) @binding(2) var<storage, read_write> w: array<f32>; // [M, C / group, kernel height, kernel width]
#ifdef BIAS
@group(0) @binding(3) var<storage, read_write> bias: array<f32>; // [M]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [N, M, H, W]
#else
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [N, M, H, W]
#endif

// The input position that position `at` reads, or -1 for zero. If the padding reads the image, the shape rule keeps `at`
// within one image length of it, so no division is needed.
fn place(at: i32, length: i32) -> i32 {
#ifdef BORDER_WRAP
    return at + select(0, length, at < 0) - select(0, length, at >= length);
#else ifdef BORDER_EDGE
    return clamp(at, 0, length - 1);
#else ifdef BORDER_REFLECT
    let folded = abs(at);
    return select(folded, 2 * (length - 1) - folded, folded >= length);
#else
    return select(-1, at, at >= 0 && at < length);
#endif
}

// `sum` plus the products of one window with one filter; `plane` is the first row of the channel, `weights` the first element
// of the filter.
fn add_image(sum: f32, plane: u32, weights: u32, top: i32, left: i32) -> f32 {
    let size = vec2<i32>(params.input_shape.zw);
    var total = sum;
    for (var ky = 0; ky < params.kernel.x; ky++) {
        let row = place(top + ky * params.dilations.x, size.x);
        if row < 0 { continue; }
        for (var kx = 0; kx < params.kernel.y; kx++) {
            let column = place(left + kx * params.dilations.y, size.y);
            if column < 0 { continue; }
            total += x[(plane + u32(row)) * params.input_shape.w + u32(column)] * w[weights + u32(ky * params.kernel.y + kx)];
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
    let front = i32(layer % u32(params.depths.x)) * params.depths.w - params.depth_window.y;
    let at = vec4(vec2(plane_at / params.shape.y, plane_at % params.shape.y), image_coordinate(i, params.shape).zw);
#else
    let at = image_coordinate(i, params.shape);
#endif
    let top = i32(at.z) * params.strides.x - params.begin.x;
    let left = i32(at.w) * params.strides.y - params.begin.y;
    let kernel_area = u32(params.kernel.x * params.kernel.y);
    let first_channel = at.y / params.group_channels.y * params.group_channels.x;
#ifdef BIAS
    var sum = bias[at.y];
#else
    var sum = 0.0;
#endif
    for (var c = 0u; c < params.group_channels.x; c++) {
        let channel = at.x * params.input_shape.y + first_channel + c;
        let filter_at = at.y * params.group_channels.x + c;
#ifdef VOLUME
        for (var kz = 0; kz < params.depths.z; kz++) {
            let input_layer = place(front + kz * params.depth_window.x, params.depths.y);
            if input_layer < 0 { continue; }
            let plane = (channel * u32(params.depths.y) + u32(input_layer)) * params.input_shape.z;
            sum = add_image(sum, plane, (filter_at * u32(params.depths.z) + u32(kz)) * kernel_area, top, left);
        }
#else
        sum = add_image(sum, channel * params.input_shape.z, filter_at * kernel_area, top, left);
#endif
    }
    y[i] = activate(sum, params.activation);
}
