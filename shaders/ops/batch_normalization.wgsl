// BatchNormalization with given statistics, element by element. HALF_1, HALF_OUT: x, y are stored as 16-bit floats.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Number of channels, and elements per channel of one image.
    channels: u32,
    plane: u32,
    // Number of elements.
    count: u32,
    epsilon: f32,
}

#ifdef HALF_1
alias X = f16;
#else
alias X = f32;
#endif

#ifdef HALF_OUT
alias Y = f16;
#else
alias Y = f32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<X>; // [N, channels, plane]
@group(0) @binding(2) var<storage, read_write> scale: array<f32>; // [channels]
@group(0) @binding(3) var<storage, read_write> bias: array<f32>; // [channels]
@group(0) @binding(4) var<storage, read_write> mean: array<f32>; // [channels]
@group(0) @binding(5) var<storage, read_write> variance: array<f32>; // [channels]
@group(0) @binding(6) var<storage, read_write> y: array<Y>; // like x

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let c = i / params.plane % params.channels;
    y[i] = Y((f32(x[i]) - mean[c]) / sqrt(variance[c] + params.epsilon) * scale[c] + bias[c]);
}
