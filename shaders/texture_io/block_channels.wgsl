// Compresses one level into blocks of BC4 (red), with PAIR of BC5 (red and green), one block per invocation. Blocks beyond the border repeat
// the last texel. With NORMAL red and green are x and y of unit vectors, and no decoded pair is longer than 1: shaders take the root of
// what is left for z.
//
// A block holds two codes and a place between them for every texel. From the smallest and largest number on, least squares
// of the places improves the codes.
#import imagine::block_bits as bits
#import imagine::block_bits::{start, put}
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
#ifdef PAIR
@group(0) @binding(2) var<storage, read_write> blocks: array<vec4<u32>>; // [layers, rows, stride]
#else
@group(0) @binding(2) var<storage, read_write> blocks: array<vec2<u32>>; // [layers, rows, stride]
#endif

// Codes from 0 to 255, and the place of each texel from 0 (low) to 7 (high), 4 bits each.
struct Ramp {
    low: f32,
    high: f32,
    places: vec2<u32>,
    error: f32,
}

// Red and green of the block's texels, 0 to 255.
var<private> texels: array<vec2<f32>, 16>;

fn place_of(ramp: Ramp, i: u32) -> u32 { return (ramp.places[i >> 3u] >> (4u * (i & 7u))) & 15u; }

fn shown(ramp: Ramp, i: u32) -> f32 { return mix(ramp.low, ramp.high, f32(place_of(ramp, i)) / 7.0); }

fn measured(channel: u32, low: f32, high: f32) -> Ramp {
    var ramp = Ramp(low, high, vec2(0u), 0.0);
    let scale = 7.0 / max(high - low, 1e-3);
    for (var i = 0u; i < 16u; i++) {
        let value = texels[i][channel];
        let place = u32(clamp(floor((value - low) * scale + 0.5), 0.0, 7.0));
        ramp.places[i >> 3u] |= place << (4u * (i & 7u));
        let difference = mix(low, high, f32(place) / 7.0) - value;
        ramp.error += difference * difference;
    }
    return ramp;
}

fn fit(channel: u32) -> Ramp {
    var low = 255.0;
    var high = 0.0;
    for (var i = 0u; i < 16u; i++) {
        low = min(low, texels[i][channel]);
        high = max(high, texels[i][channel]);
    }
    var ramp = measured(channel, low, high);
    var best = ramp;
    for (var step = 0; step < 2 && best.error > 0.0; step++) {
        var squares = vec3(0.0);
        var sums = vec2(0.0);
        for (var i = 0u; i < 16u; i++) {
            let b = f32(place_of(ramp, i)) / 7.0;
            let a = 1.0 - b;
            squares += vec3(a * a, a * b, b * b);
            sums += vec2(a, b) * texels[i][channel];
        }
        let determinant = squares.x * squares.z - squares.y * squares.y;
        if determinant < 1e-4 { break; }
        let ends = vec2(squares.z * sums.x - squares.y * sums.y, squares.x * sums.y - squares.y * sums.x) / determinant;
        let codes = clamp(round(ends), vec2(0.0), vec2(255.0));
        ramp = measured(channel, codes.x, max(codes.x, codes.y));
        if ramp.error < best.error { best = ramp; }
    }
    return best;
}

// Equal codes mean another palette, of which only the first entry is the code.
fn write(ramp: Ramp) {
    put(u32(ramp.high), 8u);
    put(u32(ramp.low), 8u);
    for (var i = 0u; i < 16u; i++) {
        let place = place_of(ramp, i);
        var entry = 8u - place;
        if place == 0u { entry = 1u; }
        if place == 7u || ramp.high <= ramp.low { entry = 0u; }
        put(entry, 3u);
    }
}

#ifdef NORMAL
const CENTRE: f32 = 127.5;
// Lengths beyond this are shortened to a code below 1, so that rounding makes none longer than 1.
const LONGEST: f32 = 0.985;

// Factor by which the decoded vectors of a block have to shrink.
fn shrinkage(x: Ramp, y: Ramp) -> f32 {
    var longest = 0.0;
    for (var i = 0u; i < 16u; i++) {
        longest = max(longest, length(vec2(shown(x, i), shown(y, i)) / CENTRE - 1.0));
    }
    return select(1.0, LONGEST / longest, longest > LONGEST);
}

fn shrunk(ramp: Ramp, factor: f32) -> Ramp {
    let ends = round(CENTRE + (vec2(ramp.low, ramp.high) - CENTRE) * factor);
    return Ramp(ends.x, ends.y, ramp.places, ramp.error);
}
#endif

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let x = (workgroup.x + params.dispatch.base.x) * #{WORKGROUP} + local;
    let y = workgroup.y + params.dispatch.base.y;
    let count = (params.size + 3u) / 4u;
    if x >= count.x || y >= count.y { return; }
    let layer = workgroup.z + params.dispatch.base.z;
    for (var i = 0u; i < 16u; i++) {
        let at = min(vec2(4u * x + i % 4u, 4u * y + i / 4u), params.size - 1u);
        texels[i] = round(textureLoad(level, at, layer, 0).rg * 255.0);
    }
    let index = (layer * count.y + y) * params.stride + x;
    start();
    var red = fit(0u);
#ifdef PAIR
    var green = fit(1u);
#ifdef NORMAL
    let factor = shrinkage(red, green);
    if factor < 1.0 {
        red = shrunk(red, factor);
        green = shrunk(green, factor);
    }
#endif
    write(red);
    write(green);
    blocks[index] = bits::words;
#else
    write(red);
    blocks[index] = bits::words.xy;
#endif
}
