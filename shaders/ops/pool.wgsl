// Pooling over depth, height and width: POOL_MAX; POOL_AVERAGE, which counts padding as zeros with COUNT_INCLUDE_PAD; the norms
// POOL_L1, POOL_L2 and POOL_LP. With INDICES, POOL_MAX also writes the index of each maximum in x, the first of equal ones.
// HALF_1, HALF_OUT: x, y are stored as 16-bit floats.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, image_coordinate}

struct Params {
    dispatch: DispatchParams,
    // Shape of the output, [N * C, D, H, W].
    shape: vec4<u32>,
    // The following are [depth, height, width, 0].
    input_size: vec4<i32>,
    kernel: vec4<i32>,
    strides: vec4<i32>,
    dilations: vec4<i32>,
    // Padding before and after.
    begin: vec4<i32>,
    end: vec4<i32>,
    // What one step along depth, height, width and channel adds to an index.
    number_strides: vec4<i32>,
    // Number of elements of the output.
    count: u32,
    // Order of the norm.
    power: f32,
    unused: vec2<u32>,
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
@group(0) @binding(1) var<storage, read_write> x: array<X>; // [N * C, input depth, input height, input width]
@group(0) @binding(2) var<storage, read_write> y: array<Y>; // [N * C, D, H, W]
#ifdef INDICES
@group(0) @binding(3) var<storage, read_write> indices: array<i32>; // [N * C, D, H, W]
#endif

// `joined` with one more element; it is the first if `cells` is 0.
fn join(joined: f32, cells: i32, value: f32) -> f32 {
#ifdef POOL_MAX
    return select(max(joined, value), value, cells == 0);
#else ifdef POOL_L1
    return joined + abs(value);
#else ifdef POOL_L2
    return joined + value * value;
#else ifdef POOL_LP
    return joined + select(0.0, pow(abs(value), params.power), value != 0.0);
#else
    return joined + value;
#endif
}

fn finish(joined: f32, cells: i32) -> f32 {
#ifdef POOL_AVERAGE
    return joined / f32(max(cells, 1));
#else ifdef POOL_L2
    return sqrt(joined);
#else ifdef POOL_LP
    return select(0.0, pow(joined, 1.0 / params.power), joined > 0.0);
#else
    return joined;
#endif
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let at = vec4<i32>(image_coordinate(i, params.shape));
    let size = params.input_size.xyz;
    let origin = at.yzw * params.strides.xyz - params.begin.xyz;
    var joined = 0.0;
    var cells = 0;
#ifdef INDICES
    var number = 0;
#endif
    for (var kz = 0; kz < params.kernel.x; kz++) {
        for (var ky = 0; ky < params.kernel.y; ky++) {
            for (var kx = 0; kx < params.kernel.z; kx++) {
                let p = origin + vec3(kz, ky, kx) * params.dilations.xyz;
                let inside = all(p >= vec3(0)) && all(p < size);
                if inside {
                    let value = f32(x[((at.x * size.x + p.x) * size.y + p.y) * size.z + p.z]);
#ifdef INDICES
                    if cells == 0 || value > joined {
                        let steps = vec4(p, at.x) * params.number_strides;
                        number = steps.x + steps.y + steps.z + steps.w;
                    }
#endif
                    joined = join(joined, cells, value);
                }
#ifdef COUNT_INCLUDE_PAD
                // Positions beyond the padding, which ceil_mode can reach, do not count.
                cells += i32(all(p < size + params.end.xyz));
#else
                cells += i32(inside);
#endif
            }
        }
    }
    y[i] = Y(finish(joined, cells));
#ifdef INDICES
    indices[i] = number;
#endif
}
