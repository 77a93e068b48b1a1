// Resize along up to five axes, one output element per invocation. Taps and weights come from a table that
// imagine_graph::resize computes on the CPU, so that the rounding of coordinates does not depend on a driver. Every output
// element sums its taps in order, the last axis innermost. TRAILING: only the last axis or the last two are resized. OUTER: more
// than two are resized. SINGLE: every element copies one. PAIRS: every element mixes two along each axis.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, walk_offsets}

struct Params {
    dispatch: DispatchParams,
    // Axes of the output, outermost first: [length, stride in the input (0 for resized axes), 0, 0].
    axes: array<vec4<i32>, 8>,
    // Resized axes, innermost first: [stride in the output, length in the output, stride in the input, start of their part of
    // `table`]. Unused ones have length 1.
    resized: array<vec4<u32>, 8>,
    // Number of `axes` in use, counted from the last.
    rank: u32,
    // Number of elements of the output.
    count: u32,
    // Value of elements without taps.
    outside: f32,
    // With TRAILING, number of elements of the input along the resized axes.
    plane: u32,
}

// Copies are words of any type. HALF: elements are floats; HALF_1, HALF_OUT: x, y are stored as 16-bit floats.
#ifdef HALF_1
alias X = f16;
#else ifdef HALF
alias X = f32;
#else ifdef SINGLE
alias X = u32;
#else
alias X = f32;
#endif

#ifdef HALF_OUT
alias Y = f16;
#else ifdef HALF
alias Y = f32;
#else ifdef SINGLE
alias Y = u32;
#else
alias Y = f32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<X>;
// For every resized axis and output element: with SINGLE the input index, with PAIRS [index, index, weight, weight]. Else the
// start of its taps in this table, after the last element also their end; then all taps, [index, weight]. Weights are floats.
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<Y>; // [count]

// Position of an element along the last two resized axes, and the input offset of all other axes.
struct Place {
    column: u32,
    row: u32,
    base: u32,
}

fn place(i: u32) -> Place {
    let columns = params.resized[0];
    let rows = params.resized[1];
#ifdef TRAILING
    let line = i / columns.y;
    return Place(i % columns.y, line % rows.y, line / rows.y * params.plane);
#else
    let base = u32(walk_offsets(i, params.rank, params.axes).x);
    return Place(along(i, columns), along(i, rows), base);
#endif
}

// Position of element `i` along one axis.
fn along(i: u32, axis: vec4<u32>) -> u32 {
    return i / axis.x % axis.y;
}

#ifdef SINGLE
@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let at = place(i);
    let columns = params.resized[0];
    let rows = params.resized[1];
    var source = at.base + table[columns.w + at.column] * columns.z + table[rows.w + at.row] * rows.z;
#ifdef OUTER
    for (var k = 2; k < 5; k++) {
        let axis = params.resized[k];
        source += table[axis.w + along(i, axis)] * axis.z;
    }
#endif
    y[i] = Y(x[source]);
}
#else ifdef PAIRS
@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let at = place(i);
    let columns = params.resized[0];
    let rows = params.resized[1];
    let column = columns.w + 4u * at.column;
    let row = rows.w + 4u * at.row;
    let left = table[column] * columns.z;
    let right = table[column + 1u] * columns.z;
    let above = at.base + table[row] * rows.z;
    let below = at.base + table[row + 1u] * rows.z;
    let across = bitcast<vec2<f32>>(vec2(table[column + 2u], table[column + 3u]));
    let down = bitcast<vec2<f32>>(vec2(table[row + 2u], table[row + 3u]));
    let top = across.x * f32(x[above + left]) + across.y * f32(x[above + right]);
    let bottom = across.x * f32(x[below + left]) + across.y * f32(x[below + right]);
    y[i] = Y(down.x * top + down.y * bottom);
}
#else
// Start and end in the table of the taps of position `at` along one axis.
fn taps(at: u32, axis: vec4<u32>) -> vec2<u32> {
    return vec2(table[axis.w + at], table[axis.w + at + 1u]);
}

fn weight(tap: u32) -> f32 {
    return bitcast<f32>(table[tap + 1u]);
}

fn line(base: u32, columns: vec2<u32>) -> f32 {
    var sum = 0.0;
    for (var tap = columns.x; tap < columns.y; tap += 2u) {
        sum += weight(tap) * f32(x[base + table[tap] * params.resized[0].z]);
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
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let at = place(i);
    let columns = taps(at.column, params.resized[0]);
    let rows = taps(at.row, params.resized[1]);
    var inside = columns.x < columns.y && rows.x < rows.y;
#ifdef OUTER
    let depths = taps(along(i, params.resized[2]), params.resized[2]);
    let fourths = taps(along(i, params.resized[3]), params.resized[3]);
    let fifths = taps(along(i, params.resized[4]), params.resized[4]);
    inside = inside && depths.x < depths.y && fourths.x < fourths.y && fifths.x < fifths.y;
    var sum = 0.0;
    for (var c = fifths.x; c < fifths.y; c += 2u) {
        for (var b = fourths.x; b < fourths.y; b += 2u) {
            for (var a = depths.x; a < depths.y; a += 2u) {
                let start = at.base + table[a] * params.resized[2].z + table[b] * params.resized[3].z
                    + table[c] * params.resized[4].z;
                sum += weight(a) * weight(b) * weight(c) * plane(start, columns, rows);
            }
        }
    }
#else
    let sum = plane(at.base, columns, rows);
#endif
    y[i] = Y(select(params.outside, sum, inside));
}
#endif
