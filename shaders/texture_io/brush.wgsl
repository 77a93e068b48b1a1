// A stroke of a brush on the state of a cellular automaton, which is a torus: inside a disc, channels become given numbers or
// random ones, the more the nearer to the middle. Every channel is written by the invocation of its cell.
#import imagine::dispatch::DispatchParams
#import imagine::rng::uniform_number

struct Params {
    dispatch: DispatchParams,
    // Width and height of the state in cells.
    size: vec2<u32>,
    // Middle of the disc in cells, x to the right and y down.
    center: vec2<f32>,
    // Radius in cells, and the part of it over which the stroke fades.
    radius: f32,
    softness: f32,
    // How far cells move to what is painted, 0 to 1.
    strength: f32,
    // Random numbers are uniform within plus and minus this.
    amplitude: f32,
    // Channels of the state; the first that is given a number; how many are.
    channels: u32,
    first: u32,
    count: u32,
    key: u32,
    numbers: array<vec4<f32>, 8>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> state: array<f32>; // [N, channels, height, width]

// Distance along one axis on the torus.
fn apart(a: f32, b: f32, length: f32) -> f32 {
    let d = abs(a - b);
    return min(d, abs(length - d));
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let x = (workgroup.x + params.dispatch.base.x) * #{WORKGROUP} + local;
    let y = workgroup.y + params.dispatch.base.y;
    if x >= params.size.x || y >= params.size.y { return; }
    let size = vec2<f32>(params.size);
    let across = apart(f32(x) + 0.5, params.center.x, size.x);
    let down = apart(f32(y) + 0.5, params.center.y, size.y);
    let inside = 1.0 - length(vec2(across, down)) / max(params.radius, 1e-6);
    if inside <= 0.0 { return; }
    let share = clamp(inside / max(params.softness, 1e-6), 0.0, 1.0) * params.strength;
    let image = workgroup.z + params.dispatch.base.z;
    let area = params.size.x * params.size.y;
    for (var channel = 0u; channel < params.channels; channel++) {
        let at = (image * params.channels + channel) * area + y * params.size.x + x;
        let given = channel - params.first;
        let is_given = channel >= params.first && given < params.count;
#ifdef RANDOM
        let number = params.amplitude * (2.0 * uniform_number(vec2(y, x), image * params.channels + channel, params.key) - 1.0);
        let value = select(number, params.numbers[min(given, 31u) / 4u][given % 4u], is_given);
#else
        // Channels without a number stay.
        if !is_given { continue; }
        let value = params.numbers[min(given, 31u) / 4u][given % 4u];
#endif
        state[at] = mix(state[at], value, share);
    }
}
