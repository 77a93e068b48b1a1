// Packs tensors into one texture, one pixel of one image per invocation. Images lie side by side on layer 0, `columns` in a
// row, or on one layer each if `columns` is 0. A def chooses the content:
// COLOR      colour and, with ALPHA, coverage; ENCODE_SRGB if the tensor holds linear light
// NORMAL     a normal of -1..1, normalised, as 0..1; straight up if its length is 0
// OCCLUSION, ROUGHNESS, METALLIC   any of the three, in red, green and blue: Bevy's occlusion and metallic_roughness textures
// GRAY       one channel in red, green and blue
// DEEP       one channel in red, and with 16 bits in green (upper byte) and blue (lower byte); with INVERTED 1 minus the channel:
//            Bevy's depth map of a height, of which it reads red
// The texture is rgba8unorm with values from 0 to 1, or with HALF rgba16float with values from 0 to the largest f16.
#import imagine::dispatch::DispatchParams
#import imagine::srgb::srgb_from_linear

struct Params {
    dispatch: DispatchParams,
    // Width and height of an image in pixels.
    size: vec2<u32>,
    // Images in a row of a sheet; 0 for one layer per image.
    columns: u32,
    unused: u32,
    // Value of channels without a tensor.
    fallback: vec4<f32>,
}

@group(0) @binding(0) var<uniform> params: Params;
#ifdef COLOR
@group(0) @binding(1) var<storage, read_write> color: array<f32>; // [N, 3, height, width]
#ifdef ALPHA
@group(0) @binding(2) var<storage, read_write> alpha: array<f32>; // [N, 1, height, width]
#endif
#endif
#ifdef NORMAL
@group(0) @binding(1) var<storage, read_write> normal: array<f32>; // [N, 3, height, width]
#endif
#ifdef OCCLUSION
@group(0) @binding(1) var<storage, read_write> occlusion: array<f32>; // [N, 1, height, width]
#endif
#ifdef ROUGHNESS
@group(0) @binding(2) var<storage, read_write> roughness: array<f32>; // [N, 1, height, width]
#endif
#ifdef METALLIC
@group(0) @binding(3) var<storage, read_write> metallic: array<f32>; // [N, 1, height, width]
#endif
#ifdef GRAY
@group(0) @binding(1) var<storage, read_write> gray: array<f32>; // [N, 1, height, width]
#endif
#ifdef DEEP
@group(0) @binding(1) var<storage, read_write> deep: array<f32>; // [N, 1, height, width]
#endif
#ifdef HALF
@group(0) @binding(4) var packed: texture_storage_2d_array<rgba16float, write>;
#else
@group(0) @binding(4) var packed: texture_storage_2d_array<rgba8unorm, write>;
#endif

// The largest finite f16.
const HALF_MAX: f32 = 65504.0;

// The texel of pixel `pixel` of image `image`; a plane of a tensor has `plane` pixels.
fn texel(image: u32, pixel: u32, plane: u32) -> vec4<f32> {
    let single = image * plane + pixel;
    let i = 3u * image * plane + pixel;
    var value = params.fallback;
#ifdef COLOR
    let raw = vec3(color[i], color[i + plane], color[i + 2u * plane]);
#ifdef HALF
    let encoded = clamp(raw, vec3(0.0), vec3(HALF_MAX));
#else
    let encoded = clamp(raw, vec3(0.0), vec3(1.0));
#endif
#ifdef ENCODE_SRGB
    value = vec4(srgb_from_linear(encoded), value.a);
#else
    value = vec4(encoded, value.a);
#endif
#ifdef ALPHA
    value.a = alpha[single];
#endif
#endif
#ifdef NORMAL
    let n = vec3(normal[i], normal[i + plane], normal[i + 2u * plane]);
    let squared = dot(n, n);
    let unit = select(vec3(0.0, 0.0, 1.0), n * inverseSqrt(max(squared, 1e-12)), squared > 1e-12);
    value = vec4(unit * 0.5 + 0.5, value.a);
#endif
#ifdef OCCLUSION
    value.r = occlusion[single];
#endif
#ifdef ROUGHNESS
    value.g = roughness[single];
#endif
#ifdef METALLIC
    value.b = metallic[single];
#endif
#ifdef GRAY
    value = vec4(vec3(gray[single]), value.a);
#endif
#ifdef DEEP
#ifdef INVERTED
    let unit = clamp(1.0 - deep[single], 0.0, 1.0);
#else
    let unit = clamp(deep[single], 0.0, 1.0);
#endif
    let word = u32(round(unit * 65535.0));
    value = vec4(unit, f32(word >> 8u) / 255.0, f32(word & 0xffu) / 255.0, value.a);
#endif
#ifdef HALF
    return value;
#else
    return clamp(value, vec4(0.0), vec4(1.0));
#endif
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let x = (workgroup.x + params.dispatch.base.x) * #{WORKGROUP} + local;
    let y = workgroup.y + params.dispatch.base.y;
    if x >= params.size.x || y >= params.size.y { return; }
    let image = workgroup.z + params.dispatch.base.z;
    let value = texel(image, y * params.size.x + x, params.size.x * params.size.y);
    let columns = max(params.columns, 1u);
    let cell = select(vec2(0u), vec2(image % columns, image / columns), params.columns > 0u);
    textureStore(packed, vec2(x, y) + cell * params.size, select(image, 0u, params.columns > 0u), value);
}
