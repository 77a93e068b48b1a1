// GridSample: every output element samples the image at its grid coordinate. Defs: MODE_NEAREST or MODE_CUBIC, else linear;
// PADDING_BORDER or PADDING_REFLECTION, else zeros outside; ALIGN_CORNERS; VOLUME for three axes. Taps are summed in order,
// x innermost.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Width, height and depth of X; 1 for missing axes.
    size: vec4<i32>,
    // Number of elements of Y.
    count: u32,
    // Grid points per image.
    places: u32,
    channels: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [N, channels, depth, height, width]
@group(0) @binding(2) var<storage, read_write> grid: array<f32>; // [N, places, axes]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [N, channels, places]

#ifdef VOLUME
const AXES = 3u;
#else
const AXES = 2u;
#endif

// The first tap relative to the position rounded down, and the number of taps.
#ifdef MODE_NEAREST
const FIRST = 0;
const TAPS = 1;
#else ifdef MODE_CUBIC
const FIRST = -1;
const TAPS = 4;
#else
const FIRST = 0;
const TAPS = 2;
#endif

// Mirrors a position at the edges of an axis until it is between them.
fn reflected(at: f32, length: i32) -> f32 {
#ifdef ALIGN_CORNERS
    let low = 0.0;
    let span = f32(length - 1);
#else
    let low = -0.5;
    let span = f32(length);
#endif
    // An axis with one element whose edges coincide.
    if span == 0.0 { return 0.0; }
    let from_low = at - low;
    let within = from_low - floor(from_low / (2.0 * span)) * (2.0 * span);
    let mirrored = low + span - abs(within - span);
    return select(mirrored, at, from_low >= 0.0 && from_low <= span);
}

// The position in elements of grid coordinate `g` on an axis.
fn place(g: f32, length: i32) -> f32 {
    let size = f32(length);
#ifdef ALIGN_CORNERS
    var at = (g + 1.0) / 2.0 * (size - 1.0);
    let edge = 0.0;
#else
    var at = ((g + 1.0) * size - 1.0) / 2.0;
    let edge = 0.5;
#endif
#ifdef MODE_NEAREST
    at = round(at);
#endif
#ifdef PADDING_BORDER
    let inside = at >= -edge && at <= size - 1.0 + edge;
    at = select(clamp(at, 0.0, size - 1.0), at, inside);
#else ifdef PADDING_REFLECTION
    at = reflected(at, length);
#endif
    return at;
}

// The element that index `k` of an axis reads, or -1 for zero.
fn element(k: i32, length: i32) -> i32 {
#ifdef PADDING_BORDER
    return clamp(k, 0, length - 1);
#else ifdef PADDING_REFLECTION
    return clamp(i32(reflected(f32(k), length)), 0, length - 1);
#else
    return select(-1, k, k >= 0 && k < length);
#endif
}

// Weight of tap `k` at `fraction` past the position rounded down.
fn weight(k: i32, fraction: f32) -> f32 {
#ifdef MODE_NEAREST
    return 1.0;
#else
    let t = abs(f32(k + FIRST) - fraction);
#ifdef MODE_CUBIC
    let near = (1.25 * t - 2.25) * t * t + 1.0;
    let far = -0.75 * (((t - 5.0) * t + 8.0) * t - 4.0);
    return select(far, near, t <= 1.0);
#else
    return 1.0 - t;
#endif
#endif
}

// The row of X that begins at `start`, interpolated along x.
fn line(start: i32, at: f32) -> f32 {
    let low = floor(at);
    var sum = 0.0;
    for (var k = 0; k < TAPS; k++) {
        let column = element(i32(low) + FIRST + k, params.size.x);
        if column >= 0 { sum += weight(k, at - low) * x[start + column]; }
    }
    return sum;
}

// The plane of X that begins at `start`, interpolated along x and y.
fn plane(start: i32, at: vec2<f32>) -> f32 {
    let low = floor(at.y);
    var sum = 0.0;
    for (var k = 0; k < TAPS; k++) {
        let row = element(i32(low) + FIRST + k, params.size.y);
        if row >= 0 { sum += weight(k, at.y - low) * line(start + row * params.size.x, at.x); }
    }
    return sum;
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let image = i / params.places;
    let named = AXES * (image / params.channels * params.places + i % params.places);
    let at = vec2(place(grid[named], params.size.x), place(grid[named + 1u], params.size.y));
    let area = params.size.x * params.size.y;
    let start = i32(image) * area * params.size.z;
#ifdef VOLUME
    let deep = place(grid[named + 2u], params.size.z);
    let low = floor(deep);
    var sum = 0.0;
    for (var k = 0; k < TAPS; k++) {
        let layer = element(i32(low) + FIRST + k, params.size.z);
        if layer >= 0 { sum += weight(k, deep - low) * plane(start + layer * area, at); }
    }
    y[i] = sum;
#else
    y[i] = plane(start, at);
#endif
}
