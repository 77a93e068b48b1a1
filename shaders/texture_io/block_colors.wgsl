// Compresses one level into blocks of BC7, one block per invocation. Blocks beyond the border repeat the last texel.
//
// A block of one colour is exact. Others are the best of one line with 16 places (mode 6), with SUBSETS two lines for two parts
// of the block (mode 1), and with SPLIT one channel apart from the others (modes 5 and 4). Without ALPHA nobody reads alpha: it is 254 or 255.
#import imagine::block_bits as bits
#import imagine::block_bits::{start, put}
#import imagine::block_line as line
#import imagine::block_line::{Form, Line, axis_of, fit, place_of, reversed}
#import imagine::block_subsets::{second_anchor, second_subset}
#import imagine::dispatch::DispatchParams

struct Params {
    dispatch: DispatchParams,
    // Width and height of the level in texels.
    size: vec2<u32>,
    // Blocks from one row to the next.
    stride: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var level: texture_2d_array<f32>;
@group(0) @binding(2) var<storage, read_write> blocks: array<vec4<u32>>; // [layers, rows, stride]

const WHOLE: u32 = 0xffffu;
const COLOR: vec4<f32> = vec4(1.0, 1.0, 1.0, 0.0);
#ifdef ALPHA
const CHANNELS: u32 = 4u;
#else
const CHANNELS: u32 = 3u;
#endif
// A sum of squares that nobody sees, 51 decibels: half a code squared in each channel of each texel.
const FINE: f32 = 24.0;

var<private> best: vec4<u32>;
var<private> best_error: f32;

// Keeps the written block if it is the best so far.
fn keep(error: f32) {
    if error < best_error {
        best = bits::words;
        best_error = error;
    }
}

// Mode 5 has 8 bits of alpha, and two thirds of one 7-bit endpoint with a third of the next give the other half of all colours.
fn write_solid(texel: vec4<u32>) {
    let is_code = (texel < vec4(128u)) == ((texel & vec4(1u)) == vec4(0u));
    let half = texel >> vec4(1u);
    let middle = vec4<u32>(texel == vec4(128u));
    let low = half - select(vec4<u32>(texel >= vec4(128u)), vec4(0u), is_code);
    let high = half + select(vec4<u32>(texel < vec4(128u)) + middle, vec4(0u), is_code);
    start();
    put(32u, 8u);
    for (var c = 0; c < 3; c++) {
        put(low[c], 7u);
        put(high[c], 7u);
    }
    put(texel.a, 8u);
    put(texel.a, 8u);
    put(1u, 1u);
    for (var i = 1; i < 16; i++) { put(1u, 2u); }
}

// Writes the best block of a mode. `choice` is the division of mode 1, and the channel of modes 4 and 5 that is apart, from 1 for red: it has changed
// places with alpha.
fn try_mode(mode: u32, choice: u32) {
    // A block is one line or two: of subsets in mode 1, of channels in modes 4 and 5.
    var subsets = vec2(WHOLE);
    var channels = array(COLOR, vec4(1.0) - COLOR);
    var forms = array(Form(8u, 16u, 2u), Form(0u, 1u, 0u));
    var anchors = vec2(0u);
    let is_apart = mode == 4u || mode == 5u;
    if mode == 1u {
        subsets = vec2(WHOLE ^ second_subset(choice), second_subset(choice));
        channels[1] = COLOR;
        forms = array(Form(7u, 8u, 1u), Form(7u, 8u, 1u));
        anchors.y = second_anchor(choice);
    } else if mode == 4u {
        forms = array(Form(5u, 4u, 0u), Form(6u, 8u, 0u));
    } else if mode == 5u {
        forms = array(Form(7u, 4u, 0u), Form(8u, 4u, 0u));
    } else {
#ifdef ALPHA
        channels[0] = vec4(1.0);
#endif
    }
    let count = select(2u, 1u, mode == 6u);
    var lines: array<Line, 2>;
    var error = 0.0;
    for (var k = 0u; k < count; k++) {
        var found = fit(subsets[k], channels[k], forms[k]);
        if place_of(found, anchors[k]) >= forms[k].places / 2u { found = reversed(found, forms[k].places); }
        error += found.error;
        lines[k] = found;
    }
    if error >= best_error { return; }
#ifndef ALPHA
    if mode == 6u {
        lines[0].low.w = 254u;
        lines[0].high.w = 254u;
    }
#endif
    start();
    put(1u << mode, mode + 1u);
    if mode == 1u { put(choice, 6u); }
    // After the rotation mode 4 says that the channel apart has the longer places.
    if is_apart { put(choice, 7u - mode); }
    for (var c = 0u; c < 4u; c++) {
        for (var k = 0u; k < count; k++) {
            let parity = min(forms[k].parities, 1u);
            if mode == 6u || channels[k][c] > 0.0 {
                put(lines[k].low[c] >> parity, forms[k].bits - parity);
                put(lines[k].high[c] >> parity, forms[k].bits - parity);
            }
        }
    }
    if mode == 1u || mode == 6u {
        put(lines[0].low.x & 1u, 1u);
        put(select(lines[1].low.x, lines[0].high.x, mode == 6u) & 1u, 1u);
    }
    for (var k = 0u; k <= u32(is_apart); k++) {
        for (var i = 0u; i < 16u; i++) {
            let part = select(k, (subsets.y >> i) & 1u, mode == 1u);
            let width = countTrailingZeros(forms[part].places);
            put(place_of(lines[part], i), width - u32(i == anchors[part]));
        }
    }
    keep(error);
}

#ifdef SUBSETS
// The two divisions that are most like the best cut through the principal axis.
fn nearest_divisions() -> vec2<u32> {
    let axis = axis_of(WHOLE, COLOR);
    var cut = 0.0;
    var above = 0u;
    for (var step = 0; step < 3; step++) {
        var sums = vec2(0.0);
        above = 0u;
        for (var i = 0u; i < 16u; i++) {
            let at = dot(line::texels[i] * COLOR - axis.mean, axis.direction);
            above |= select(0u, 1u << i, at > cut);
            sums += select(vec2(at, 0.0), vec2(0.0, at), at > cut);
        }
        let count = f32(countOneBits(above));
        cut = 0.5 * (sums.x / max(16.0 - count, 1.0) + sums.y / max(count, 1.0));
    }
    // Number of texels on the other side, then the division's index.
    var nearest = vec2(0xffffu);
    for (var division = 0u; division < 64u; division++) {
        let other = countOneBits(second_subset(division) ^ above);
        let found = min(other, 16u - other) << 8u | division;
        if found < nearest.x { nearest = vec2(found, nearest.x); }
        else if found < nearest.y { nearest.y = found; }
    }
    return nearest & vec2(0xffu);
}
#endif

#ifdef SPLIT
// Exchanges alpha with a channel; 0 is none.
fn rotate(rotation: u32) {
    for (var i = 0; i < 16; i++) {
        let texel = line::texels[i];
        if rotation == 1u { line::texels[i] = texel.wyzx; }
        if rotation == 2u { line::texels[i] = texel.xwzy; }
        if rotation == 3u { line::texels[i] = texel.xywz; }
    }
}
#endif

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let x = (workgroup.x + params.dispatch.base.x) * #{WORKGROUP} + local;
    let y = workgroup.y + params.dispatch.base.y;
    let count = (params.size + 3u) / 4u;
    if x >= count.x || y >= count.y { return; }
    let layer = workgroup.z + params.dispatch.base.z;
    var smallest = vec4(255.0);
    var largest = vec4(0.0);
    for (var i = 0u; i < 16u; i++) {
        let at = min(vec2(4u * x + i % 4u, 4u * y + i / 4u), params.size - 1u);
        let texel = round(textureLoad(level, at, layer, 0) * 255.0);
        line::texels[i] = texel;
        smallest = min(smallest, texel);
        largest = max(largest, texel);
    }
    best_error = 3e38;
    if all(smallest == largest) {
        write_solid(vec4<u32>(smallest));
        keep(0.0);
    } else {
        var tries = 1u;
#ifdef SUBSETS
        var nearest = vec2(0u);
        if smallest.a == 255.0 {
            nearest = nearest_divisions();
            tries = 3u;
        }
#endif
        let lines = tries;
#ifdef SPLIT
        tries += 2u * CHANNELS;
#endif
        for (var index = 0u; index < tries && best_error > FINE; index++) {
            var mode = 6u;
            var choice = 0u;
#ifdef SUBSETS
            if index > 0u && index < lines {
                mode = 1u;
                choice = nearest[index - 1u];
            }
#endif
#ifdef SPLIT
            if index >= lines {
                mode = 4u + (index - lines) % 2u;
                choice = (index - lines) / 2u + 4u - CHANNELS;
            }
            rotate(choice * u32(index >= lines));
#endif
            try_mode(mode, choice);
#ifdef SPLIT
            rotate(choice * u32(index >= lines));
#endif
        }
    }
    blocks[(layer * count.y + y) * params.stride + x] = best;
}
