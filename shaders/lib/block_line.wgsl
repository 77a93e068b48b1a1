// Colours of a block on a line between two quantised endpoints: what every mode of BC7 stores. Numbers are codes from 0 to 255.
//
// The line is the principal axis of the texels, improved by least squares of their places on it; then every choice of parity bits
// is measured as decoders compute it.
#define_import_path imagine::block_line

// Codes of both endpoints (parity bits included) and the place of each texel on the line, 4 bits each.
struct Line {
    low: vec4<u32>,
    high: vec4<u32>,
    places: vec2<u32>,
    // Sum of the squared differences.
    error: f32,
}

// How a mode stores a line.
struct Form {
    // Bits of an endpoint's channel, parity bit included.
    bits: u32,
    // Places on the line, a power of two.
    places: u32,
    // Lowest bits of all channels of an endpoint that are one bit: 0 none, 1 one for both endpoints, 2 one for each.
    parities: u32,
}

// The block's texels, row by row.
var<private> texels: array<vec4<f32>, 16>;

fn in_subset(subset: u32, i: u32) -> bool { return ((subset >> i) & 1u) == 1u; }

fn place_of(line: Line, i: u32) -> u32 { return (line.places[i >> 3u] >> (4u * (i & 7u))) & 15u; }

// The line from its other end.
fn reversed(line: Line, places: u32) -> Line {
    return Line(line.high, line.low, line.places ^ vec2((places - 1u) * 0x11111111u), line.error);
}

// What decoders make of a code.
fn decoded(code: vec4<u32>, bits: u32) -> vec4<f32> {
    let shifted = code << vec4(8u - bits);
    return vec4<f32>(shifted | (shifted >> vec4(bits)));
}

// The nearest code of an endpoint with its lowest bit given, if it is a parity bit.
fn coded(value: vec4<f32>, form: Form, parity: u32) -> vec4<u32> {
    let largest = f32((1u << form.bits) - 1u);
    let exact = value * (largest / 255.0);
    if form.parities == 0u { return vec4<u32>(clamp(round(exact), vec4(0.0), vec4(largest))); }
    let half = clamp(round((exact - f32(parity)) * 0.5), vec4(0.0), vec4((largest - 1.0) * 0.5));
    return vec4<u32>(half) * 2u + parity;
}

// Weight of the high endpoint in 64ths.
fn weight_of(place: u32, places: u32) -> f32 { return f32((place * 64u + (places - 1u) / 2u) / (places - 1u)); }

struct Axis {
    mean: vec4<f32>,
    // Of length 1, or 0 if all texels are equal.
    direction: vec4<f32>,
}

// The principal axis of a subset of the texels, in the channels that are 1 in `channels` and not 0.
fn axis_of(subset: u32, channels: vec4<f32>) -> Axis {
    var mean = vec4(0.0);
    for (var i = 0u; i < 16u; i++) {
        if in_subset(subset, i) { mean += texels[i]; }
    }
    mean = mean * channels / f32(countOneBits(subset));
    var covariance = mat4x4<f32>();
    for (var i = 0u; i < 16u; i++) {
        if in_subset(subset, i) {
            let d = texels[i] * channels - mean;
            covariance += mat4x4(d * d.x, d * d.y, d * d.z, d * d.w);
        }
    }
    let variances = vec4(covariance[0].x, covariance[1].y, covariance[2].z, covariance[3].w);
    let largest = max(max(variances.x, variances.y), max(variances.z, variances.w));
    var direction = covariance[3];
    if variances.z == largest { direction = covariance[2]; }
    if variances.y == largest { direction = covariance[1]; }
    if variances.x == largest { direction = covariance[0]; }
    for (var step = 0; step < 4; step++) {
        let next = covariance * direction;
        let size = abs(next);
        direction = next / max(max(max(size.x, size.y), max(size.z, size.w)), 1e-20);
    }
    return Axis(mean, direction * inverseSqrt(max(dot(direction, direction), 1e-20)));
}

// The best line that was found.
fn fit(subset: u32, channels: vec4<f32>, form: Form) -> Line {
    let axis = axis_of(subset, channels);
    var ends = vec2(0.0);
    for (var i = 0u; i < 16u; i++) {
        if in_subset(subset, i) {
            let at = dot(texels[i] * channels - axis.mean, axis.direction);
            ends = vec2(min(ends.x, at), max(ends.y, at));
        }
    }
    var low = clamp(axis.mean + ends.x * axis.direction, vec4(0.0), vec4(255.0));
    var high = clamp(axis.mean + ends.y * axis.direction, vec4(0.0), vec4(255.0));
    let last = f32(form.places - 1u);
    for (var step = 0; step < 2; step++) {
        // Least squares of the endpoints for the places that the texels have now.
        let along = high - low;
        let scale = last / max(dot(along, along), 1e-9);
        var squares = vec3(0.0);
        var lows = vec4(0.0);
        var highs = vec4(0.0);
        for (var i = 0u; i < 16u; i++) {
            if in_subset(subset, i) {
                let texel = texels[i] * channels;
                let b = clamp(floor(dot(texel - low, along) * scale + 0.5), 0.0, last) / last;
                let a = 1.0 - b;
                squares += vec3(a * a, a * b, b * b);
                lows += a * texel;
                highs += b * texel;
            }
        }
        let determinant = squares.x * squares.z - squares.y * squares.y;
        if determinant > 1e-4 {
            low = clamp((squares.z * lows - squares.y * highs) / determinant, vec4(0.0), vec4(255.0));
            high = clamp((squares.x * highs - squares.y * lows) / determinant, vec4(0.0), vec4(255.0));
        }
    }
    var best = Line(vec4(0u), vec4(0u), vec2(0u), 3e38);
    for (var parities = 0u; parities < (1u << form.parities); parities++) {
        let first = parities & 1u;
        let second = select(first, parities >> 1u, form.parities == 2u);
        let line = measured(subset, channels, form, coded(low, form, first), coded(high, form, second));
        if line.error < best.error { best = line; }
    }
    return best;
}

// The line between two codes, with the nearest place for every texel.
fn measured(subset: u32, channels: vec4<f32>, form: Form, low: vec4<u32>, high: vec4<u32>) -> Line {
    var line = Line(low, high, vec2(0u), 0.0);
    let from_low = decoded(low, form.bits);
    let to_high = decoded(high, form.bits);
    let along = (to_high - from_low) * channels;
    let last = f32(form.places - 1u);
    let scale = last / max(dot(along, along), 1e-9);
    for (var i = 0u; i < 16u; i++) {
        if in_subset(subset, i) {
            let place = u32(clamp(floor(dot(texels[i] - from_low, along) * scale + 0.5), 0.0, last));
            let weight = weight_of(place, form.places);
            let shown = floor((from_low * (64.0 - weight) + to_high * weight + 32.0) / 64.0);
            let difference = (shown - texels[i]) * channels;
            line.error += dot(difference, difference);
            line.places[i >> 3u] |= place << (4u * (i & 7u));
        }
    }
    return line;
}
