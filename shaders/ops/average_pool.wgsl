// AveragePool over height and width. With the def COUNT_INCLUDE_PAD padded positions count as zeros.
#import imagine::head::Head
#import imagine::index::{invocation, image_coordinate}

struct Params {
    head: Head,
    // Shape of the output, [N, C, H, W].
    shape: vec4<u32>,
    // Height and width of the input.
    input_size: vec2<i32>,
    kernel: vec2<i32>,
    strides: vec2<i32>,
    dilations: vec2<i32>,
    // Padding above and to the left, below and to the right.
    begin: vec2<i32>,
    end: vec2<i32>,
    // Number of elements of the output.
    count: u32,
    unused_a: u32,
    unused_b: u32,
    unused_c: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // [N, C, input height, input width]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [N, C, H, W]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let at = image_coordinate(i, params.shape);
    let size = params.input_size;
    let plane = i32(at.x * params.shape.y + at.y) * size.x;
    let origin = vec2<i32>(at.zw) * params.strides - params.begin;
    var sum = 0.0;
    var cells = 0;
    for (var ky = 0; ky < params.kernel.x; ky++) {
        let row = origin.x + ky * params.dilations.x;
        for (var kx = 0; kx < params.kernel.y; kx++) {
            let column = origin.y + kx * params.dilations.y;
            let inside = row >= 0 && row < size.x && column >= 0 && column < size.y;
            if inside {
                sum += x[(plane + row) * size.y + column];
            }
#ifdef COUNT_INCLUDE_PAD
            // A window that ceil_mode pushes beyond the padding does not count what lies there.
            cells += i32(row < size.x + params.end.x && column < size.y + params.end.y);
#else
            cells += i32(inside);
#endif
        }
    }
    y[i] = sum / f32(max(cells, 1));
}
