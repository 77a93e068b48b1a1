// Conv. Every output element sums over input channel, kernel row and kernel column in order, whatever the variant, then adds
// nothing else: the bias is where the sum starts. Positions outside the image follow the defs BORDER_*.
//
// With PACKED an invocation does 4 pixels of a row x 8 output channels in registers, so that each loaded pixel serves 8
// products and each loaded weight 4. With WINDOW_3 too, for 3x3 kernels without strides and dilations, it loads the 6 pixels of
// a row that the three kernel columns share once, from places found once. Without PACKED it does one element with weights in
// their natural layout: for groups, and for weights that are not known when the plan is made. VOLUME, which has no packed
// variant, gives all tensors a depth before the height.
#import imagine::head::Head
#import imagine::index::{invocation, image_coordinate}
#import imagine::activation::{activate, activate4}

struct Params {
    head: Head,
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
    // The numbers of the activation.
    activation: vec2<f32>,
    // With VOLUME: depth of the output, of the input and of the kernel, and its stride.
    depths: vec4<i32>,
    // With VOLUME, along the depth: dilation, and positions added before.
    depth_window: vec2<i32>,
    // Number of invocations along x that have work.
    count: u32,
    // Vectors of packed weights of eight output channels.
    block_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [N, C, input height, input width]
#ifdef PACKED
// For every eight output channels: bias [8]; W [C][kernel height][kernel width][8].
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [N, M, H, W]
#else
@group(0) @binding(2) var<storage, read_write> w: array<f32>; // [M, C / group, kernel height, kernel width]
#ifdef BIAS
@group(0) @binding(3) var<storage, read_write> bias: array<f32>; // [M]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [N, M, H, W]
#else
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [N, M, H, W]
#endif
#endif

// The input position that position `at` reads, or -1 where there is zero. The shape rule keeps `at` within one image's length
// of the image where the border reads from it, so nothing has to be divided.
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

#ifdef PACKED

// Adds the products of four pixels with the weights of eight output channels at `at`.
fn multiply(sums: ptr<function, array<vec4<f32>, 8>>, at: u32, v: vec4<f32>) {
    let low = w[at];
    let high = w[at + 1u];
    (*sums)[0] += low.x * v;
    (*sums)[1] += low.y * v;
    (*sums)[2] += low.z * v;
    (*sums)[3] += low.w * v;
    (*sums)[4] += high.x * v;
    (*sums)[5] += high.y * v;
    (*sums)[6] += high.z * v;
    (*sums)[7] += high.w * v;
}

fn pixel(row: u32, column: i32) -> f32 {
    return select(0.0, x[row + u32(max(column, 0))], column >= 0);
}

fn store(plane: u32, m: u32, first: u32, row: u32, values: vec4<f32>) {
    if m >= params.shape.y { return; }
    let width = params.shape.w;
    let at = ((plane + m) * params.shape.z + row) * width + first;
    let result = activate4(values, params.activation);
    y[at] = result.x;
    if first + 1u < width { y[at + 1u] = result.y; }
    if first + 2u < width { y[at + 2u] = result.z; }
    if first + 3u < width { y[at + 3u] = result.w; }
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let quads = (params.shape.w + 3u) / 4u;
    let first = i % quads * 4u;
    let row = i / quads;
    let block = workgroup.y + params.head.base.y;
    let image = workgroup.z + params.head.base.z;
    let size = vec2<i32>(params.input_shape.zw);
    let columns = (vec4<i32>(i32(first)) + vec4(0, 1, 2, 3)) * params.strides.y - params.begin.y;
    let top = i32(row) * params.strides.x - params.begin.x;

    var at = block * params.block_stride;
    let bias_low = w[at];
    let bias_high = w[at + 1u];
    at += 2u;
    var sums = array(
        vec4(bias_low.x), vec4(bias_low.y), vec4(bias_low.z), vec4(bias_low.w),
        vec4(bias_high.x), vec4(bias_high.y), vec4(bias_high.z), vec4(bias_high.w),
    );
#ifdef WINDOW_3
    let near = vec4(place(columns.x, size.y), place(columns.y, size.y), place(columns.z, size.y), place(columns.w, size.y));
    let far = vec2(place(columns.w + 1, size.y), place(columns.w + 2, size.y));
#endif
    for (var c = 0u; c < params.input_shape.y; c++) {
        let plane = (image * params.input_shape.y + c) * params.input_shape.z;
        for (var ky = 0; ky < params.kernel.x; ky++) {
            let input_row = place(top + ky * params.dilations.x, size.x);
            if input_row < 0 {
                at += 2u * u32(params.kernel.y);
                continue;
            }
            let start = (plane + u32(input_row)) * params.input_shape.w;
#ifdef WINDOW_3
            let a = vec4(pixel(start, near.x), pixel(start, near.y), pixel(start, near.z), pixel(start, near.w));
            let b = vec2(pixel(start, far.x), pixel(start, far.y));
            multiply(&sums, at, a);
            multiply(&sums, at + 2u, vec4(a.yzw, b.x));
            multiply(&sums, at + 4u, vec4(a.zw, b));
            at += 6u;
#else
            for (var kx = 0; kx < params.kernel.y; kx++) {
                let p = columns + kx * params.dilations.y;
                let v = vec4(
                    pixel(start, place(p.x, size.y)),
                    pixel(start, place(p.y, size.y)),
                    pixel(start, place(p.z, size.y)),
                    pixel(start, place(p.w, size.y)),
                );
                multiply(&sums, at, v);
                at += 2u;
            }
#endif
        }
    }
    let plane = image * params.shape.y;
    let m = block * 8u;
    store(plane, m, first, row, sums[0]);
    store(plane, m + 1u, first, row, sums[1]);
    store(plane, m + 2u, first, row, sums[2]);
    store(plane, m + 3u, first, row, sums[3]);
    store(plane, m + 4u, first, row, sums[4]);
    store(plane, m + 5u, first, row, sums[5]);
    store(plane, m + 6u, first, row, sums[6]);
    store(plane, m + 7u, first, row, sums[7]);
}

#else

// `sum` and the products of one image's window with one filter; `plane` is the image's first row, `weights` the filter's first
// element.
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
    let i = invocation(workgroup, params.head.base, local);
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

#endif
