// Tensors -> one rgba8unorm texture, one pixel an invocation. A def chooses what is packed:
// COLOR      colour and, with ALPHA, coverage; ENCODE_SRGB where the tensor holds linear light
// NORMAL     a normal of -1..1, made unit length, as 0..1; straight up where its length is 0
// OCCLUSION, ROUGHNESS, METALLIC   any of the three, in red, green and blue: Bevy's occlusion and metallic_roughness textures
// HEIGHT     height as grey; with DEPTH, 1 - height, which is Bevy's depth map
#import imagine::head::Head
#import imagine::srgb::srgb_from_linear

struct Params {
    head: Head,
    // Width and height in pixels.
    size: vec2<u32>,
    unused: vec2<u32>,
    // What stands in a channel that no tensor gives.
    fallback: vec4<f32>,
}

@group(0) @binding(0) var<uniform> params: Params;
#ifdef COLOR
@group(0) @binding(1) var<storage, read_write> color: array<f32>; // [3, height, width]
#ifdef ALPHA
@group(0) @binding(2) var<storage, read_write> alpha: array<f32>; // [height, width]
#endif
#endif
#ifdef NORMAL
@group(0) @binding(1) var<storage, read_write> normal: array<f32>; // [3, height, width]
#endif
#ifdef OCCLUSION
@group(0) @binding(1) var<storage, read_write> occlusion: array<f32>; // [height, width]
#endif
#ifdef ROUGHNESS
@group(0) @binding(2) var<storage, read_write> roughness: array<f32>; // [height, width]
#endif
#ifdef METALLIC
@group(0) @binding(3) var<storage, read_write> metallic: array<f32>; // [height, width]
#endif
#ifdef HEIGHT
@group(0) @binding(1) var<storage, read_write> height: array<f32>; // [height, width]
#endif
@group(0) @binding(4) var packed: texture_storage_2d<rgba8unorm, write>;

// The texel of pixel `i`, where a plane of a tensor has `plane` pixels.
fn texel(i: u32, plane: u32) -> vec4<f32> {
    var value = params.fallback;
#ifdef COLOR
    let encoded = clamp(vec3(color[i], color[i + plane], color[i + 2u * plane]), vec3(0.0), vec3(1.0));
#ifdef ENCODE_SRGB
    value = vec4(srgb_from_linear(encoded), value.a);
#else
    value = vec4(encoded, value.a);
#endif
#ifdef ALPHA
    value.a = alpha[i];
#endif
#endif
#ifdef NORMAL
    let n = vec3(normal[i], normal[i + plane], normal[i + 2u * plane]);
    let squared = dot(n, n);
    let unit = select(vec3(0.0, 0.0, 1.0), n * inverseSqrt(max(squared, 1e-12)), squared > 1e-12);
    value = vec4(unit * 0.5 + 0.5, value.a);
#endif
#ifdef OCCLUSION
    value.r = occlusion[i];
#endif
#ifdef ROUGHNESS
    value.g = roughness[i];
#endif
#ifdef METALLIC
    value.b = metallic[i];
#endif
#ifdef HEIGHT
#ifdef DEPTH
    value = vec4(vec3(1.0 - height[i]), value.a);
#else
    value = vec4(vec3(height[i]), value.a);
#endif
#endif
    return clamp(value, vec4(0.0), vec4(1.0));
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let x = (workgroup.x + params.head.base.x) * #{WORKGROUP} + local;
    let y = workgroup.y + params.head.base.y;
    if x >= params.size.x || y >= params.size.y { return; }
    textureStore(packed, vec2(x, y), texel(y * params.size.x + x, params.size.x * params.size.y));
}
