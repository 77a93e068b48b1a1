// AffineGrid: the position of every element of an image, from -1 to 1, under an affine map. With ALIGN_CORNERS, -1 and 1 are
// the centres of the border elements, else their outer edges.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Width, height and depth of the image; 1 for missing axes.
    size: vec4<u32>,
    // Number of elements of the grid.
    count: u32,
    // Axes of the image: 2 or 3.
    axes: u32,
    unused: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> theta: array<f32>; // [N, axes, axes + 1]
@group(0) @binding(2) var<storage, read_write> grid: array<f32>; // [N, depth, height, width, axes]

fn position(k: u32, length: u32) -> f32 {
#ifdef ALIGN_CORNERS
    // A single element is at the centre.
    return select(f32(2u * k) / f32(max(length, 2u) - 1u) - 1.0, 0.0, length == 1u);
#else
    return f32(2u * k + 1u) / f32(length) - 1.0;
#endif
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    var rest = i / params.axes;
    let x = position(rest % params.size.x, params.size.x);
    rest /= params.size.x;
    let y = position(rest % params.size.y, params.size.y);
    rest /= params.size.y;
    let row = (rest / params.size.z * params.axes + i % params.axes) * (params.axes + 1u);
    var sum = theta[row] * x + theta[row + 1u] * y;
    if params.axes == 3u {
        sum += theta[row + 2u] * position(rest % params.size.z, params.size.z);
    }
    grid[i] = sum + theta[row + params.axes];
}
