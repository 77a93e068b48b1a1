// Heights -> tangent-space normals (+Y up, as in OpenGL and glTF) by the Sobel operator, one layer per image. BORDER_WRAP or
// BORDER_EDGE chooses the heights beyond the border; one of them is required.
#import imagine::border::place
#import imagine::dispatch::DispatchParams

struct Params {
    dispatch: DispatchParams,
    // Width and height in pixels.
    size: vec2<u32>,
    // Height difference between 0 and 1, in pixels.
    strength: f32,
    unused: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> height: array<f32>; // [N, 1, height, width]
@group(0) @binding(2) var normal: texture_storage_2d_array<rgba8unorm, write>;

fn height_at(layer: u32, x: i32, y: i32) -> f32 {
    let size = vec2<i32>(params.size);
    return height[layer * params.size.x * params.size.y + u32(place(y, size.y) * size.x + place(x, size.x))];
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let column = (workgroup.x + params.dispatch.base.x) * #{WORKGROUP} + local;
    let row = workgroup.y + params.dispatch.base.y;
    if column >= params.size.x || row >= params.size.y { return; }
    let layer = workgroup.z + params.dispatch.base.z;
    let x = i32(column);
    let y = i32(row);
    let left = height_at(layer, x - 1, y - 1) + 2.0 * height_at(layer, x - 1, y) + height_at(layer, x - 1, y + 1);
    let right = height_at(layer, x + 1, y - 1) + 2.0 * height_at(layer, x + 1, y) + height_at(layer, x + 1, y + 1);
    let above = height_at(layer, x - 1, y - 1) + 2.0 * height_at(layer, x, y - 1) + height_at(layer, x + 1, y - 1);
    let below = height_at(layer, x - 1, y + 1) + 2.0 * height_at(layer, x, y + 1) + height_at(layer, x + 1, y + 1);
    // Rows grow downwards and Y points up, hence the signs. The Sobel weights sum to 8.
    let slope = vec2(left - right, below - above) * (params.strength / 8.0);
    textureStore(normal, vec2(column, row), layer, vec4(normalize(vec3(slope, 1.0)) * 0.5 + 0.5, 1.0));
}
