// NnfPack (PACK) and NnfProject (PROJECT): features of places, four signed bytes to a word. OUTPUT is a binding number; with ACTIVE, places
// that are not have zeros.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Rows and columns of places.
    size: vec2<u32>,
    // Number of words of all places.
    count: u32,
    // Channels of the image.
    channels: u32,
    // Words of a place.
    words: u32,
    // PROJECT: side of a patch, binary digits that sums lose, and whether the image continues at the opposite edge.
    side: u32,
    shift: u32,
    tiles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> image: array<f32>; // [1, channels, height, width]
#ifdef PROJECT
@group(0) @binding(2) var<storage, read_write> basis: array<u32>; // [channels, side, side, words]
#endif
#ifdef ACTIVE
@group(0) @binding(3) var<storage, read_write> is_active: array<u32>; // [1, 1, height, width]
#endif
@group(0) @binding(#{OUTPUT}) var<storage, read_write> y: array<u32>; // [height, width, words]

// The coordinate that stands for `at`, which may be outside.
fn reflected(at: i32, length: i32) -> i32 {
    if params.tiles == 1u {
        let period = select(at, at + 7 * length, at < 0);
        return i32(u32(period) % u32(length));
    }
    let mirrored = select(abs(at), 2 * length - 2 - abs(at), abs(at) >= length);
    return clamp(mirrored, 0, length - 1);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let plane = params.size.x * params.size.y;
#ifdef PACK
    let word = i % params.words;
    let place = i / params.words;
    var bytes = vec4(0);
    for (var k = 0u; k < 4u; k++) {
        let channel = 4u * word + k;
        if channel < params.channels {
            bytes[k] = i32(round(clamp(image[channel * plane + place], -128.0, 127.0)));
        }
    }
    y[i] = pack4xI8(bytes);
#endif

#ifdef PROJECT
    // Neighbouring invocations have neighbouring places, so that they read the image together and the basis at once.
    let word = i / plane;
    let place = i % plane;
    var sums = vec4(0);
    var side = params.side;
#ifdef ACTIVE
    side = select(0u, side, is_active[place] != 0u);
#endif
    let size = vec2<i32>(params.size);
    let corner = vec2<i32>(vec2(place / params.size.y, place % params.size.y)) - i32(params.side / 2u);
    for (var down = 0u; down < side; down++) {
        let row = reflected(corner.x + i32(down), size.x) * size.y;
        for (var right = 0u; right < side; right++) {
            let at = u32(row + reflected(corner.y + i32(right), size.y));
            for (var channel = 0u; channel < params.channels; channel++) {
                let number = i32(round(clamp(image[channel * plane + at], -2047.0, 2047.0)));
                let tap = ((channel * side + down) * side + right) * params.words + word;
                sums += number * unpack4xI8(basis[tap]);
            }
        }
    }
    let half = select(0, 1 << (max(params.shift, 1u) - 1u), params.shift > 0u);
    y[place * params.words + word] = pack4xI8(clamp((sums + half) >> vec4(params.shift), vec4(-128), vec4(127)));
#endif
}
