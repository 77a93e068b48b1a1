// Elementwise operators of one tensor. A def ACTIVATION_* or OP_* chooses the formula; without one the kernel copies. X_I32
// makes X and Y integers. HALF_1, HALF_OUT: X, Y are stored as 16-bit floats.
#import imagine::activation::{activate, hyperbolic_tangent}
#import imagine::error_function::error_function
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation
#import imagine::scalar::{elu, gelu, gelu_tanh, ramp, softplus}
#import imagine::trigonometry::{sine, cosine, arcsine, arccosine, arctangent}

struct Params {
    dispatch: DispatchParams,
    // Slope and bound, or lower and upper bound.
    numbers: vec2<f32>,
    // Number of elements.
    count: u32,
    unused: u32,
}

#ifdef X_I32
alias Element = i32;
#else ifdef OP_NOT
alias Element = u32;
#else
alias Element = f32;
#endif

#ifdef HALF_1
alias StoredX = f16;
#else
alias StoredX = Element;
#endif

#ifdef HALF_OUT
alias StoredY = f16;
#else
alias StoredY = Element;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<StoredX>; // [count]
@group(0) @binding(2) var<storage, read_write> y: array<StoredY>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let v = Element(x[i]);
#ifdef OP_SIN
    let result = sine(v);
#else ifdef OP_COS
    let result = cosine(v);
#else ifdef OP_ASIN
    let result = arcsine(v);
#else ifdef OP_ACOS
    let result = arccosine(v);
#else ifdef OP_ATAN
    let result = arctangent(v);
#else ifdef OP_EXP
    let result = exp(v);
#else ifdef OP_LOG
    let result = log(v);
#else ifdef OP_SQRT
    let result = sqrt(v);
#else ifdef OP_RECIPROCAL
    let result = 1.0 / v;
#else ifdef OP_ERF
    let result = error_function(v);
#else ifdef OP_FLOOR
    let result = floor(v);
#else ifdef OP_CEIL
    let result = ceil(v);
#else ifdef OP_ROUND
    let result = round(v);
#else ifdef OP_NEG
    let result = -v;
#else ifdef OP_ABS
    let result = abs(v);
#else ifdef OP_SIGN
    let result = sign(v);
#else ifdef OP_NOT
    let result = 1u - v;
#else ifdef OP_THRESHOLDED_RELU
    let result = select(0.0, v, v > params.numbers.x);
#else ifdef OP_ELU
    let result = elu(v, params.numbers);
#else ifdef OP_GELU
    let result = gelu(v);
#else ifdef OP_GELU_TANH
    let result = gelu_tanh(v);
#else ifdef OP_MISH
    let result = v * hyperbolic_tangent(softplus(v));
#else ifdef OP_SOFTPLUS
    let result = softplus(v);
#else ifdef OP_SOFTSIGN
    let result = v / (1.0 + abs(v));
#else ifdef OP_HARD_SIGMOID
    let result = ramp(v, params.numbers);
#else ifdef OP_HARD_SWISH
    let result = v * ramp(v, params.numbers);
#else
    let result = activate(v, params.numbers);
#endif
    y[i] = StoredY(result);
}
