// Convolution over packed weights: Conv, and ConvTranspose as one convolution per phase of its strides. An invocation computes
// 4 pixels of a row (8 with PIXELS_8) of 4 * QUADS output channels in registers, so that each loaded pixel and weight serves
// many products. Starting from the bias, every output element sums over input channel, kernel row and kernel column in order,
// in every variant.
//
// SLIDE: strides and dilations are 1, so the pixels of a kernel column are those of the previous column, shifted by one.
// BROADCAST: each lane of a subgroup (at least eight) loads one weight vector and reads those of the others; for processors
// without a scalar unit, where a load costs as much as many products. ROWS: with BROADCAST and at most four output channels,
// an invocation computes four rows and loads each pixel once for all four. BORDER_*: padding. SLOPES: one activation slope per
// channel. ADDEND: a tensor is added last. HALF_1, HALF_2, HALF_3, HALF_OUT: x, w, addend, y are stored as 16-bit floats.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation
#import imagine::activation::activate

struct Params {
    dispatch: DispatchParams,
    // Shape of the input, [N, C, input height, input width].
    input_shape: vec4<u32>,
    // Shape of the output, [N, channels, height, width].
    shape: vec4<u32>,
    // For each phase of the rows: [number of taps, position of the first tap for row 0]; then the same for the columns.
    phases: array<vec4<i32>, 8>,
    // Number of phases of rows and of columns.
    phase_count: vec2<u32>,
    // Input positions between neighbouring pixels of a phase.
    strides: vec2<i32>,
    // Input positions between neighbouring taps.
    steps: vec2<i32>,
    // Input channels and output channels of one group.
    group_channels: vec2<u32>,
    // Rows of one phase, and invocations per row.
    grid: vec2<u32>,
    // Every input element covers 2^upscale positions along each axis.
    upscale: vec2<u32>,
    // Output stride between neighbouring pixels of a phase, or of a channel before the pixel shuffle.
    spread: vec2<u32>,
    // Parameters of the activation.
    activation: vec2<f32>,
    // Number of invocations along x with work.
    count: u32,
    // Packed weight vectors per block of output channels and phase.
    block_stride: u32,
    // Blocks of output channels per group.
    group_blocks: u32,
    // Pixel shuffle: 0 none, 1 [rows, columns, channels], 2 [channels, rows, columns].
    shuffle: u32,
}

#ifdef HALF_1
alias X = f16;
#else
alias X = f32;
#endif

#ifdef HALF_2
alias Weights = vec4<f16>;
#else
alias Weights = vec4<f32>;
#endif

#ifdef HALF_3
alias Addend = f16;
#else
alias Addend = f32;
#endif

#ifdef HALF_OUT
alias Y = f16;
#else
alias Y = f32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<X>; // [N, C, input height, input width]
// For every phase, for every 4 * QUADS output channels: bias; slopes, if any; W [C][kernel rows][kernel columns][4 * QUADS].
@group(0) @binding(2) var<storage, read> w: array<Weights>;
#ifdef ADDEND
@group(0) @binding(3) var<storage, read_write> addend: array<Addend>; // like y
@group(0) @binding(4) var<storage, read_write> y: array<Y>; // [N, channels, height, width]
#else
@group(0) @binding(3) var<storage, read_write> y: array<Y>; // [N, channels, height, width]
#endif

#ifdef PIXELS_8
const PIXELS = 8u;
struct Pixels { a: vec4<f32>, b: vec4<f32> }
#else
const PIXELS = 4u;
struct Pixels { a: vec4<f32> }
#endif

// The sums of four output channels.
struct Quad { x: Pixels, y: Pixels, z: Pixels, w: Pixels }

// The input position that position `at` reads, or -1 for zero. If the padding reads the image, the shape rule keeps `at`
// within one image length of it, so no division is needed.
fn place(at: i32, length: i32) -> i32 {
#ifdef BORDER_WRAP
    let inside = clamp(at + select(0, length, at < 0) - select(0, length, at >= length), 0, length - 1);
#else ifdef BORDER_EDGE
    let inside = clamp(at, 0, length - 1);
#else ifdef BORDER_REFLECT
    let folded = abs(at);
    let inside = clamp(select(folded, 2 * (length - 1) - folded, folded >= length), 0, length - 1);
#else
    let inside = select(-1, at, at >= 0 && at < length);
#endif
    return inside;
}

// The pixel at `position` of the row of `length` positions that begins at `start`; `start` is -1 for rows of zeros.
fn pixel(start: i32, position: i32, length: i32) -> f32 {
    let column = place(position, length);
    let at = start + i32(u32(max(column, 0)) >> params.upscale.y);
    return select(0.0, f32(x[u32(max(at, 0))]), column >= 0 && start >= 0);
}

fn filled(value: f32) -> Pixels {
#ifdef PIXELS_8
    return Pixels(vec4(value), vec4(value));
#else
    return Pixels(vec4(value));
#endif
}

fn quad(v: vec4<f32>) -> Quad {
    return Quad(filled(v.x), filled(v.y), filled(v.z), filled(v.w));
}

fn add(sum: Pixels, weight: f32, v: Pixels) -> Pixels {
#ifdef PIXELS_8
    return Pixels(sum.a + weight * v.a, sum.b + weight * v.b);
#else
    return Pixels(sum.a + weight * v.a);
#endif
}

fn multiply(sum: Quad, weights: vec4<f32>, v: Pixels) -> Quad {
    return Quad(add(sum.x, weights.x, v), add(sum.y, weights.y, v), add(sum.z, weights.z, v), add(sum.w, weights.w, v));
}

// Pixels from `position` on, `stride` positions apart.
fn pixels(start: i32, position: i32, stride: i32, length: i32) -> Pixels {
    let a = vec4(
        pixel(start, position, length),
        pixel(start, position + stride, length),
        pixel(start, position + 2 * stride, length),
        pixel(start, position + 3 * stride, length),
    );
#ifdef PIXELS_8
    let b = vec4(
        pixel(start, position + 4 * stride, length),
        pixel(start, position + 5 * stride, length),
        pixel(start, position + 6 * stride, length),
        pixel(start, position + 7 * stride, length),
    );
    return Pixels(a, b);
#else
    return Pixels(a);
#endif
}

// The pixels shifted by one position; `last` enters at the end.
fn moved(v: Pixels, last: f32) -> Pixels {
#ifdef PIXELS_8
    return Pixels(vec4(v.a.yzw, v.b.x), vec4(v.b.yzw, last));
#else
    return Pixels(vec4(v.a.yzw, last));
#endif
}

// Where an invocation writes its pixels: image, phase of row and column, row and first column within the phase.
struct Target { image: u32, phase: vec2<u32>, row: u32, first: u32 }

fn store_one(start: u32, column: u32, value: f32, numbers: vec2<f32>) {
    if column >= params.shape.w { return; }
    let result = activate(value, numbers);
#ifdef ADDEND
    y[start + column] = Y(result + f32(addend[start + column]));
#else
    y[start + column] = Y(result);
#endif
}

fn store(to: Target, m: u32, values: Pixels, numbers: vec2<f32>) {
    var channel = m;
    var at = to.phase;
    if params.shuffle == 1u {
        channel = m % params.shape.y;
        let inner = m / params.shape.y;
        at = vec2(inner / params.spread.y, inner % params.spread.y);
    } else if params.shuffle == 2u {
        let area = params.spread.x * params.spread.y;
        channel = m / area;
        at = vec2(m % area / params.spread.y, m % params.spread.y);
    }
    let row = to.row * params.spread.x + at.x;
    if row >= params.shape.z { return; }
    let start = ((to.image * params.shape.y + channel) * params.shape.z + row) * params.shape.w;
    let step = params.spread.y;
    let column = to.first * step + at.y;
    store_one(start, column, values.a.x, numbers);
    store_one(start, column + step, values.a.y, numbers);
    store_one(start, column + 2u * step, values.a.z, numbers);
    store_one(start, column + 3u * step, values.a.w, numbers);
#ifdef PIXELS_8
    store_one(start, column + 4u * step, values.b.x, numbers);
    store_one(start, column + 5u * step, values.b.y, numbers);
    store_one(start, column + 6u * step, values.b.z, numbers);
    store_one(start, column + 7u * step, values.b.w, numbers);
#endif
}

// Writes quad `index` of the block that begins at channel `first` of a group. `weights` is the index of the block's slopes.
fn store_quad(to: Target, group: u32, first: u32, index: u32, sums: Quad, weights: u32) {
    let m = first + 4u * index;
    let last = params.group_channels.y;
    let offset = group * last;
#ifdef SLOPES
    let slopes = vec4<f32>(w[weights + index]);
    let numbers = array(vec2(slopes.x, 0.0), vec2(slopes.y, 0.0), vec2(slopes.z, 0.0), vec2(slopes.w, 0.0));
#else
    let p = params.activation;
    let numbers = array(p, p, p, p);
#endif
    if m < last { store(to, offset + m, sums.x, numbers[0]); }
    if m + 1u < last { store(to, offset + m + 1u, sums.y, numbers[1]); }
    if m + 2u < last { store(to, offset + m + 2u, sums.z, numbers[2]); }
    if m + 3u < last { store(to, offset + m + 3u, sums.w, numbers[3]); }
}

#ifdef ROWS
// The sums of four consecutive rows, which share the pixels they read.
struct Rows { a: Quad, b: Quad, c: Quad, d: Quad }

// Where an invocation reads one input channel.
struct Channel {
    // First row of the channel, and its first weights.
    plane: u32,
    weights: u32,
    // Position of the first tap of the first pixel.
    top: i32,
    left: i32,
    // Kernel rows and columns.
    taps: vec2<i32>,
    // Positions of the image.
    size: vec2<i32>,
    lane: u32,
}

// Adds input row `r`, counted from the first tap, to rows `first ..= last` of the sums; for sum row k it is kernel row r - k.
fn add_row(sums: ptr<function, Rows>, channel: Channel, r: i32, first: i32, last: i32) {
    let row = place(channel.top + r, channel.size.x);
    let input_row = channel.plane + (u32(max(row, 0)) >> params.upscale.x);
    let begin = select(-1, i32(input_row * params.input_shape.w), row >= 0);
    // Each of four lanes loads the weights for one row.
    let ky = clamp(r - i32(channel.lane % 4u), 0, channel.taps.x - 1);
    let weights = channel.weights + u32(ky * channel.taps.y);
    var v = pixels(begin, channel.left - 1, 1, channel.size.y);
    for (var kx = 0; kx < channel.taps.y; kx++) {
        v = moved(v, pixel(begin, channel.left + i32(PIXELS) - 1 + kx, channel.size.y));
        let loaded = vec4<f32>(w[weights + u32(kx)]);
        if first <= 0 && last >= 0 { (*sums).a = multiply((*sums).a, subgroupBroadcast(loaded, 0u), v); }
        if first <= 1 && last >= 1 { (*sums).b = multiply((*sums).b, subgroupBroadcast(loaded, 1u), v); }
        if first <= 2 && last >= 2 { (*sums).c = multiply((*sums).c, subgroupBroadcast(loaded, 2u), v); }
        if first <= 3 && last >= 3 { (*sums).d = multiply((*sums).d, subgroupBroadcast(loaded, 3u), v); }
    }
}

// Adds one input channel: for every row of the sums, the kernel rows in order.
fn add_channel(sums: ptr<function, Rows>, channel: Channel) {
    add_row(sums, channel, 0, 0, 0);
    add_row(sums, channel, 1, 0, 1);
    add_row(sums, channel, 2, 0, 2);
    for (var r = 3; r < channel.taps.x; r++) {
        add_row(sums, channel, r, 0, 3);
    }
    add_row(sums, channel, channel.taps.x, 1, 3);
    add_row(sums, channel, channel.taps.x + 1, 2, 3);
    add_row(sums, channel, channel.taps.x + 2, 3, 3);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let asked = invocation(workgroup, params.dispatch.base, local);
    if asked - lane >= params.count { return; }
    let i = min(asked, params.count - 1u);
    let block = workgroup.y + params.dispatch.base.y;
    let line = i / params.grid.y;
    let to = Target(line / params.grid.x, vec2(0u), line % params.grid.x * 4u, i % params.grid.y * PIXELS);
    let group = block / params.group_blocks;
    let taps = vec2(params.phases[0].x, params.phases[0].z);
    let start = block * params.block_stride;
    let bias = quad(vec4<f32>(w[start]));
    var sums = Rows(bias, bias, bias, bias);
    var at = start + 1u;
    let slopes = at;
#ifdef SLOPES
    at += 1u;
#endif
    for (var c = 0u; c < params.group_channels.x; c++) {
        let plane = (to.image * params.input_shape.y + group * params.group_channels.x + c) * params.input_shape.z;
        let top = i32(to.row) + params.phases[0].y;
        let left = i32(to.first) + params.phases[0].w;
        let size = vec2<i32>(params.input_shape.zw << params.upscale);
        add_channel(&sums, Channel(plane, at, top, left, taps, size, lane));
        at += u32(taps.x * taps.y);
    }
    if asked >= params.count { return; }
    let first = block % params.group_blocks * 4u;
    store_quad(to, group, first, 0u, sums.a, slopes);
    store_quad(Target(to.image, to.phase, to.row + 1u, to.first), group, first, 0u, sums.b, slopes);
    store_quad(Target(to.image, to.phase, to.row + 2u, to.first), group, first, 0u, sums.c, slopes);
    store_quad(Target(to.image, to.phase, to.row + 3u, to.first), group, first, 0u, sums.d, slopes);
}
#else
@compute @workgroup_size(#{WORKGROUP})
#ifdef BROADCAST
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let asked = invocation(workgroup, params.dispatch.base, local);
    // All lanes of a subgroup stay active, because they read each other's weights; lanes without work repeat the last pixel.
    if asked - lane >= params.count { return; }
    let i = min(asked, params.count - 1u);
#else
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
#endif
    let block = workgroup.y + params.dispatch.base.y;
    let phase = workgroup.z + params.dispatch.base.z;
    let line = i / params.grid.y;
    let image = line / params.grid.x;
    let in_phase = vec2(phase / params.phase_count.y, phase % params.phase_count.y);
    let to = Target(image, in_phase, line % params.grid.x, i % params.grid.y * PIXELS);
    let group = block / params.group_blocks;
    let size = vec2<i32>(params.input_shape.zw << params.upscale);
    let rows = params.phases[in_phase.x].xy;
    let columns = params.phases[in_phase.y].zw;
    let top = i32(to.row) * params.strides.x + rows.y;
    let left = i32(to.first) * params.strides.y + columns.y;
    let blocks = params.group_blocks * (params.input_shape.y / params.group_channels.x);
    let start = (phase * blocks + block) * params.block_stride;
    var at = start + #{QUADS}u;
    var s0 = quad(vec4<f32>(w[start]));
#if QUADS > 1
    var s1 = quad(vec4<f32>(w[start + 1u]));
#endif
#if QUADS > 2
    var s2 = quad(vec4<f32>(w[start + 2u]));
    var s3 = quad(vec4<f32>(w[start + 3u]));
#endif
#if QUADS > 4
    var s4 = quad(vec4<f32>(w[start + 4u]));
    var s5 = quad(vec4<f32>(w[start + 5u]));
    var s6 = quad(vec4<f32>(w[start + 6u]));
    var s7 = quad(vec4<f32>(w[start + 7u]));
#endif
    let slopes = at;
#ifdef SLOPES
    at += #{QUADS}u;
#endif
    for (var c = 0u; c < params.group_channels.x; c++) {
        let plane = (image * params.input_shape.y + group * params.group_channels.x + c) * params.input_shape.z;
        for (var ky = 0; ky < rows.x; ky++) {
            let row = place(top + ky * params.steps.x, size.x);
#ifndef BROADCAST
            if row < 0 {
                at += u32(columns.x) * #{QUADS}u;
                continue;
            }
#endif
            let input_row = plane + (u32(max(row, 0)) >> params.upscale.x);
            let begin = select(-1, i32(input_row * params.input_shape.w), row >= 0);
#ifdef SLIDE
            var v = pixels(begin, left - 1, 1, size.y);
#endif
            for (var kx = 0; kx < columns.x; kx++) {
#ifdef SLIDE
                v = moved(v, pixel(begin, left + i32(PIXELS) - 1 + kx, size.y));
#else
                let v = pixels(begin, left + kx * params.steps.y, params.strides.y, size.y);
#endif
#ifdef BROADCAST
                let loaded = vec4<f32>(w[at + lane % #{QUADS}u]);
                s0 = multiply(s0, subgroupBroadcast(loaded, 0u), v);
#if QUADS > 1
                s1 = multiply(s1, subgroupBroadcast(loaded, 1u), v);
#endif
#if QUADS > 2
                s2 = multiply(s2, subgroupBroadcast(loaded, 2u), v);
                s3 = multiply(s3, subgroupBroadcast(loaded, 3u), v);
#endif
#if QUADS > 4
                s4 = multiply(s4, subgroupBroadcast(loaded, 4u), v);
                s5 = multiply(s5, subgroupBroadcast(loaded, 5u), v);
                s6 = multiply(s6, subgroupBroadcast(loaded, 6u), v);
                s7 = multiply(s7, subgroupBroadcast(loaded, 7u), v);
#endif
#else
                s0 = multiply(s0, vec4<f32>(w[at]), v);
#if QUADS > 1
                s1 = multiply(s1, vec4<f32>(w[at + 1u]), v);
#endif
#endif
                at += #{QUADS}u;
            }
        }
    }
#ifdef BROADCAST
    if asked >= params.count { return; }
#endif
    let first = block % params.group_blocks * 4u * #{QUADS}u;
    store_quad(to, group, first, 0u, s0, slopes);
#if QUADS > 1
    store_quad(to, group, first, 1u, s1, slopes);
#endif
#if QUADS > 2
    store_quad(to, group, first, 2u, s2, slopes);
    store_quad(to, group, first, 3u, s3, slopes);
#endif
#if QUADS > 4
    store_quad(to, group, first, 4u, s4, slopes);
    store_quad(to, group, first, 5u, s5, slopes);
    store_quad(to, group, first, 6u, s6, slopes);
    store_quad(to, group, first, 7u, s7, slopes);
#endif
}
#endif
