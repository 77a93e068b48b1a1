// Cubemaps as graphics APIs lay them out: faces +X, -X, +Y, -Y, +Z, -Z, in a left-handed space. Bevy samples them with the z of
// the world negated.
#define_import_path imagine::cube

// Unit direction through the centre of a texel of a face of `side` texels.
fn direction(face: u32, x: u32, y: u32, side: u32) -> vec3<f32> {
    let u = (f32(x) + 0.5) * 2.0 / f32(side) - 1.0;
    let v = (f32(y) + 0.5) * 2.0 / f32(side) - 1.0;
    var at = vec3(-u, -v, -1.0);
    switch face {
        case 0u: { at = vec3(1.0, -v, -u); }
        case 1u: { at = vec3(-1.0, -v, u); }
        case 2u: { at = vec3(u, 1.0, v); }
        case 3u: { at = vec3(u, -1.0, -v); }
        case 4u: { at = vec3(u, -v, 1.0); }
        default: {}
    }
    return normalize(at);
}
