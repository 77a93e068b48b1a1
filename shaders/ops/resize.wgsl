// Resize along up to five axes, one output element an invocation. Which elements it mixes, and how, stands in a table made by
// imagine_graph::resize on the CPU, so that no rounding of coordinates depends on a driver. With the def OUTER more than
// two axes are resized. Every output element sums in the order of its taps, the last axis innermost.
#import imagine::head::Head
#import imagine::index::{invocation, offsets}

struct Params {
    head: Head,
    // Axes of the output, outermost first: [length, stride in the input, 0 for those that are resized, 0, 0].
    axes: array<vec4<i32>, 6>,
    // Axes that are resized, innermost first: [output elements behind one step, length in the output, stride in the input,
    // where their positions begin in `table`]. Unused ones have length 1.
    resized: array<vec4<u32>, 6>,
    // How many of `axes`, from the last, are in use.
    rank: u32,
    // Number of elements of the output.
    count: u32,
    // What stands where an element has no taps.
    outside: f32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
// For every resized axis: where the taps of each output element begin in this table, and where the last ones end. Then the
// taps: [index, weight as a float].
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [count]

// The words of the table between which the taps of element `i` stand along one axis.
fn taps(i: u32, axis: vec4<u32>) -> vec2<u32> {
    let at = axis.w + i / axis.x % axis.y;
    return vec2(table[at], table[at + 1u]);
}

fn weight(tap: u32) -> f32 {
    return bitcast<f32>(table[tap + 1u]);
}

fn line(base: u32, columns: vec2<u32>) -> f32 {
    var sum = 0.0;
    for (var tap = columns.x; tap < columns.y; tap += 2u) {
        sum += weight(tap) * x[base + table[tap] * params.resized[0].z];
    }
    return sum;
}

fn plane(base: u32, columns: vec2<u32>, rows: vec2<u32>) -> f32 {
    var sum = 0.0;
    for (var tap = rows.x; tap < rows.y; tap += 2u) {
        sum += weight(tap) * line(base + table[tap] * params.resized[1].z, columns);
    }
    return sum;
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let base = u32(offsets(i, params.rank, params.axes).x);
    let columns = taps(i, params.resized[0]);
    let rows = taps(i, params.resized[1]);
    var inside = columns.x < columns.y && rows.x < rows.y;
#ifdef OUTER
    let depths = taps(i, params.resized[2]);
    let fourths = taps(i, params.resized[3]);
    let fifths = taps(i, params.resized[4]);
    inside = inside && depths.x < depths.y && fourths.x < fourths.y && fifths.x < fifths.y;
    var sum = 0.0;
    for (var c = fifths.x; c < fifths.y; c += 2u) {
        for (var b = fourths.x; b < fourths.y; b += 2u) {
            for (var a = depths.x; a < depths.y; a += 2u) {
                let place = base + table[a] * params.resized[2].z + table[b] * params.resized[3].z
                    + table[c] * params.resized[4].z;
                sum += weight(a) * weight(b) * weight(c) * plane(place, columns, rows);
            }
        }
    }
#else
    let sum = plane(base, columns, rows);
#endif
    y[i] = select(params.outside, sum, inside);
}
