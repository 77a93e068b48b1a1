// A brush stroke on the state of a cellular automaton, a torus: inside a disc, channels move to given values or to random
// ones, more towards the centre. Each cell is written by its own invocation.
#import imagine::dispatch::DispatchParams
#import imagine::rng::uniform_number

struct Params {
    dispatch: DispatchParams,
    // Width and height of the state in cells.
    size: vec2<u32>,
    // Centre of the disc in cells, x to the right and y down.
    center: vec2<f32>,
    // Radius in cells, and the fraction of it over which the stroke fades.
    radius: f32,
    softness: f32,
    // How far cells move towards the painted values, 0 to 1.
    strength: f32,
    // Random numbers are uniform within plus and minus this.
    amplitude: f32,
    // Channels of the state; the first painted channel; the number of painted channels.
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
        // Channels without a value stay as they are.
        if !is_given { continue; }
        let value = params.numbers[min(given, 31u) / 4u][given % 4u];
#endif
        state[at] = mix(state[at], value, share);
    }
}
