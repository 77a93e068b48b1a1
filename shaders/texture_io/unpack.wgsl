// A texture -> the tensor of an image or mask input, resized: a larger picture is averaged over the area of each element, a
// smaller one interpolated. LUMINANCE makes one channel of red, green and blue (Rec. 709),
// INVERTED takes 1 minus the picture, NORMAL computes blue as z of the unit vector whose x and y are red and green. The sampler is linear and clamps.
// sRGB textures are read as linear light; ENCODE_SRGB encodes it again.
#import imagine::dispatch::DispatchParams
#import imagine::srgb::srgb_from_linear

struct Params {
    dispatch: DispatchParams,
    // Width and height of the tensor, and of the picture.
    size: vec2<u32>,
    picture_size: vec2<u32>,
    channels: u32,
    // The first channel of the picture that is read.
    first: u32,
    unused_a: u32,
    unused_b: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var picture: texture_2d<f32>;
@group(0) @binding(2) var picture_sampler: sampler;
@group(0) @binding(3) var<storage, read_write> tensor: array<f32>; // [N, channels, height, width]

// Most samples along each axis of an element's area.
const MOST_SAMPLES: u32 = 16u;

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let x = (workgroup.x + params.dispatch.base.x) * #{WORKGROUP} + local;
    let y = workgroup.y + params.dispatch.base.y;
    if x >= params.size.x || y >= params.size.y { return; }
    let samples = clamp((params.picture_size + params.size - 1u) / params.size, vec2(1u), vec2(MOST_SAMPLES));
    var sum = vec4(0.0);
    for (var row = 0u; row < samples.y; row++) {
        for (var column = 0u; column < samples.x; column++) {
            let inside = (vec2(f32(column), f32(row)) + 0.5) / vec2<f32>(samples);
            let at = (vec2(f32(x), f32(y)) + inside) / vec2<f32>(params.size);
            sum += textureSampleLevel(picture, picture_sampler, at, 0.0);
        }
    }
    var value = sum / f32(samples.x * samples.y);
#ifdef LUMINANCE
    value = vec4(vec3(dot(value.rgb, vec3(0.2126, 0.7152, 0.0722))), value.a);
#endif
#ifdef INVERTED
    value = 1.0 - value;
#endif
#ifdef NORMAL
    let direction = value.rg * 2.0 - 1.0;
    value.b = 0.5 + 0.5 * sqrt(max(1.0 - dot(direction, direction), 0.0));
#endif
#ifdef ENCODE_SRGB
    value = vec4(srgb_from_linear(clamp(value.rgb, vec3(0.0), vec3(1.0))), value.a);
#endif
    let image = workgroup.z + params.dispatch.base.z;
    let plane = params.size.x * params.size.y;
    for (var channel = 0u; channel < min(params.channels, 4u); channel++) {
        tensor[(image * params.channels + channel) * plane + y * params.size.x + x] = value[min(channel + params.first, 3u)];
    }
}
