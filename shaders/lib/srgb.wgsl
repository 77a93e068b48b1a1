// The sRGB transfer curve (IEC 61966-2-1), on values from 0 to 1.
#define_import_path imagine::srgb

fn srgb_from_linear(linear: vec3<f32>) -> vec3<f32> {
    let c = max(linear, vec3(0.0));
    let curve = 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055;
    return select(curve, c * 12.92, c <= vec3(0.0031308));
}

fn linear_from_srgb(encoded: vec3<f32>) -> vec3<f32> {
    let c = max(encoded, vec3(0.0));
    let curve = pow((c + 0.055) / 1.055, vec3(2.4));
    return select(curve, c / 12.92, c <= vec3(0.04045));
}
