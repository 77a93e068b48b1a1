// Resize of the last two axes. Which elements an output row or column mixes, and how, stands in two tables made by
// imagine_graph::resize on the CPU, so that no rounding of coordinates depends on a driver.
#import imagine::head::Head
#import imagine::index::invocation

struct Params {
    head: Head,
    // Height and width of the output.
    size: vec2<u32>,
    // Height and width of the input.
    input_size: vec2<u32>,
    // Number of elements of the output.
    count: u32,
    unused_a: u32,
    unused_b: u32,
    unused_c: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [planes, input height, input width]
// [height + width, 3]: for each row, then each column: lower index, upper index, weight of the upper one.
@group(0) @binding(2) var<storage, read> taps: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [planes, height, width]

struct Tap {
    lower: u32,
    upper: u32,
    weight: f32,
}

fn tap(i: u32) -> Tap {
    return Tap(u32(taps[3u * i]), u32(taps[3u * i + 1u]), taps[3u * i + 2u]);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let line = i / params.size.y;
    let row = tap(line % params.size.x);
    let column = tap(params.size.x + i % params.size.y);
    let plane = line / params.size.x * params.input_size.x;
    let width = params.input_size.y;
#ifdef NEAREST
    y[i] = x[(plane + row.lower) * width + column.lower];
#else
    let above = (plane + row.lower) * width;
    let below = (plane + row.upper) * width;
    let top = mix(x[above + column.lower], x[above + column.upper], column.weight);
    let bottom = mix(x[below + column.lower], x[below + column.upper], column.weight);
    y[i] = mix(top, bottom, row.weight);
#endif
}
