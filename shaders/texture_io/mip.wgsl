// One mip level from the one above it: every texel is the mean of the area it covers, also if a side is odd. SRGB averages
// colour in linear light; NORMAL averages directions and normalises them; without either the stored numbers are averaged.
// ROUGHNESS treats green as perceptual roughness, whose square is GGX's alpha: it averages the variance of slopes, alpha^2 / 2, and adds that of the
// normals that one texel now stands for, so that a surface far away is as dull as its relief makes it (Toksvig 2005; concentration
// of a von Mises-Fisher distribution from its mean, Banerjee et al. 2005).
// All views show one level with all its layers: rgba8unorm, or rgba16float with HALF.
#import imagine::dispatch::DispatchParams
#import imagine::srgb::{srgb_from_linear, linear_from_srgb}

struct Params {
    dispatch: DispatchParams,
    // Width and height of this level.
    size: vec2<u32>,
    // Width and height of the level above.
    above_size: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var above: texture_2d_array<f32>;
#ifdef HALF
@group(0) @binding(2) var level: texture_storage_2d_array<rgba16float, write>;
#else
@group(0) @binding(2) var level: texture_storage_2d_array<rgba8unorm, write>;
#endif
#ifdef ROUGHNESS
// Of the level above, stored as 0.5 + 0.5 n.
@group(0) @binding(3) var normals: texture_2d_array<f32>;
#endif

// Share of texels 2i, 2i + 1 and 2i + 2 of `length` in texel i of length / 2 (polyphase box filter).
fn coverage(i: u32, length: u32) -> vec3<f32> {
    if length == 1u { return vec3(1.0, 0.0, 0.0); }
    if length % 2u == 0u { return vec3(0.5, 0.5, 0.0); }
    let half = length / 2u;
    return vec3(f32(half - i), f32(half), f32(i + 1u)) / f32(length);
}

fn decode(texel: vec4<f32>) -> vec4<f32> {
#ifdef SRGB
    return vec4(linear_from_srgb(texel.rgb), texel.a);
#else ifdef NORMAL
    return vec4(texel.rgb * 2.0 - 1.0, texel.a);
#else ifdef ROUGHNESS
    let alpha = texel.g * texel.g;
    return vec4(texel.r, alpha * alpha, texel.ba);
#else
    return texel;
#endif
}

// Twice the variance along one axis of directions whose mean has this length.
fn twice_variance(length: f32) -> f32 {
    let r = clamp(length, 1e-3, 1.0);
    return 2.0 * (1.0 - r * r) / (3.0 * r - r * r * r);
}

fn encode(mean: vec4<f32>) -> vec4<f32> {
#ifdef SRGB
    return vec4(srgb_from_linear(mean.rgb), mean.a);
#else ifdef NORMAL
    let squared = dot(mean.rgb, mean.rgb);
    let unit = select(vec3(0.0, 0.0, 1.0), mean.rgb * inverseSqrt(max(squared, 1e-12)), squared > 1e-12);
    return vec4(unit * 0.5 + 0.5, mean.a);
#else
    return mean;
#endif
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let x = (workgroup.x + params.dispatch.base.x) * #{WORKGROUP} + local;
    let y = workgroup.y + params.dispatch.base.y;
    if x >= params.size.x || y >= params.size.y { return; }
    let layer = workgroup.z + params.dispatch.base.z;
    let columns = coverage(x, params.above_size.x);
    let rows = coverage(y, params.above_size.y);
    let last = params.above_size - 1u;
    var mean = vec4(0.0);
    var direction = vec3(0.0);
    for (var row = 0u; row < 3u; row++) {
        for (var column = 0u; column < 3u; column++) {
            let weight = rows[row] * columns[column];
            if weight > 0.0 {
                let at = min(vec2(2u * x + column, 2u * y + row), last);
                mean += weight * decode(textureLoad(above, at, layer, 0));
#ifdef ROUGHNESS
                let normal = textureLoad(normals, at, layer, 0).rgb * 2.0 - 1.0;
                direction += weight * normal * inverseSqrt(max(dot(normal, normal), 1e-12));
#endif
            }
        }
    }
#ifdef ROUGHNESS
    mean.g = sqrt(sqrt(min(mean.g + twice_variance(length(direction)), 1.0)));
#endif
    textureStore(level, vec2(x, y), layer, encode(mean));
}
