// DepthToSpace: blocks of channels become blocks of pixels. With MODE_CRD (pixel shuffle) the output channel is the outer
// index of the input channels, else the inner one. Elements are copied as words.
// HALF: elements are floats; HALF_1: the input has 16 bits; HALF_OUT: the output has 16 bits.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, image_coordinate}

struct Params {
    dispatch: DispatchParams,
    // Shape of the output, [N, C, H, W].
    shape: vec4<u32>,
    // Side of a block in pixels.
    block: u32,
    // Number of elements.
    count: u32,
    unused: vec2<u32>,
}

#ifdef HALF_1
alias In = f16;
#else ifdef HALF
alias In = f32;
#else
alias In = u32;
#endif

#ifdef HALF_OUT
alias Out = f16;
#else ifdef HALF
alias Out = f32;
#else
alias Out = u32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> input: array<In>; // [N, C * block^2, H / block, W / block]
@group(0) @binding(2) var<storage, read_write> output: array<Out>; // [N, C, H, W]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let at = image_coordinate(i, params.shape);
    let block = params.block;
    let within = (at.z % block) * block + at.w % block;
#ifdef MODE_CRD
    let channel = at.y * block * block + within;
#else
    let channel = within * params.shape.y + at.y;
#endif
    let size = params.shape.zw / block;
    let plane = at.x * params.shape.y * block * block + channel;
    output[i] = Out(input[(plane * size.x + at.z / block) * size.y + at.w / block]);
}
