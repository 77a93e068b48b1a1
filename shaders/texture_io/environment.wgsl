// Filters a sky into one level of a cubemap for `EnvironmentMapLight`; the sky is a cubemap with mips. DIFFUSE weights
// directions by the cosine (Lambert), SPECULAR by the GGX lobe of `roughness` around the mirror direction, with the view along
// the normal (Karis, Real Shading in Unreal Engine 4, SIGGRAPH 2013). Each sample reads the mip level whose texels cover its
// solid angle (Krivanek & Colbert, Real-time Shading with Filtered Importance Sampling, EGSR 2008).
#import imagine::cube::direction
#import imagine::dispatch::DispatchParams

struct Params {
    dispatch: DispatchParams,
    // Texels along a face of this level and of the sky's largest level.
    side: u32,
    sky_side: u32,
    samples: u32,
    // Perceptual roughness, 0 to 1; SPECULAR only.
    roughness: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var sky: texture_cube<f32>;
@group(0) @binding(2) var sky_sampler: sampler;
@group(0) @binding(3) var level: texture_storage_2d_array<rgba16float, write>;

const PI: f32 = 3.14159265;

// Sample `i` of the Hammersley set, in the unit square.
fn hammersley(i: u32) -> vec2<f32> {
    return vec2((f32(i) + 0.5) / f32(params.samples), f32(reverseBits(i)) * 2.3283064e-10);
}

fn sky_at(toward: vec3<f32>, density: f32) -> vec3<f32> {
    let share = 1.0 / (f32(params.samples) * max(density, 1e-6));
    let texel = 4.0 * PI / (6.0 * f32(params.sky_side * params.sky_side));
    return textureSampleLevel(sky, sky_sampler, toward, max(0.5 * log2(share / texel) + 1.0, 0.0)).rgb;
}

// The filtered radiance around `normal`.
fn filtered(normal: vec3<f32>) -> vec3<f32> {
#ifdef SPECULAR
    if params.roughness == 0.0 { return textureSampleLevel(sky, sky_sampler, normal, 0.0).rgb; }
#endif
    let up = select(vec3(0.0, 0.0, 1.0), vec3(1.0, 0.0, 0.0), abs(normal.z) > 0.9);
    let tangent = normalize(cross(up, normal));
    let bitangent = cross(normal, tangent);
    var sum = vec3(0.0);
    var weight = 0.0;
    for (var i = 0u; i < params.samples; i++) {
        let at = hammersley(i);
        let around = vec2(cos(2.0 * PI * at.y), sin(2.0 * PI * at.y));
#ifdef SPECULAR
        // Half vectors follow the GGX distribution; the view is the normal.
        let alpha = params.roughness * params.roughness;
        let squared = alpha * alpha;
        let cosine = sqrt((1.0 - at.x) / (1.0 + (squared - 1.0) * at.x));
        let sine = sqrt(max(1.0 - cosine * cosine, 0.0));
        let half_vector = (tangent * around.x + bitangent * around.y) * sine + normal * cosine;
        let toward = normalize(2.0 * cosine * half_vector - normal);
        let share = dot(normal, toward);
        if share > 0.0 {
            let spread = (squared - 1.0) * cosine * cosine + 1.0;
            sum += sky_at(toward, squared / (4.0 * PI * spread * spread)) * share;
            weight += share;
        }
#else
        let sine = sqrt(at.x);
        let cosine = sqrt(1.0 - at.x);
        let toward = (tangent * around.x + bitangent * around.y) * sine + normal * cosine;
        sum += sky_at(toward, cosine / PI);
        weight += 1.0;
#endif
    }
    return sum / max(weight, 1e-6);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let x = (workgroup.x + params.dispatch.base.x) * #{WORKGROUP} + local;
    let y = workgroup.y + params.dispatch.base.y;
    if x >= params.side || y >= params.side { return; }
    let face = workgroup.z + params.dispatch.base.z;
    textureStore(level, vec2(x, y), face, vec4(filtered(direction(face, x, y, params.side)), 1.0));
}
