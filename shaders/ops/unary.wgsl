// Elementwise operators of one tensor. A def chooses the formula: one of ACTIVATION_*, or one of OP_*; with none of them the
// kernel copies. X_I32 makes X and Y integers.
#import imagine::activation::{activate, hyperbolic_tangent}
#import imagine::error_function::error_function
#import imagine::head::Head
#import imagine::index::invocation
#import imagine::trigonometry::{sine, cosine, arcsine, arccosine, arctangent}

struct Params {
    head: Head,
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

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Element>; // [count]
@group(0) @binding(2) var<storage, read_write> y: array<Element>; // [count]

// ln(1 + exp(v)) without overflow. Where exp is small its logarithm would lose it, and the series takes over.
fn softplus(v: f32) -> f32 {
    let e = exp(-abs(v));
    return max(v, 0.0) + select(log(1.0 + e), e * (1.0 - 0.5 * e), e < 1e-3);
}

fn ramp(v: f32) -> f32 {
    return clamp(params.numbers.x * v + params.numbers.y, 0.0, 1.0);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let v = x[i];
#ifdef OP_SIN
    y[i] = sine(v);
#else ifdef OP_COS
    y[i] = cosine(v);
#else ifdef OP_ASIN
    y[i] = arcsine(v);
#else ifdef OP_ACOS
    y[i] = arccosine(v);
#else ifdef OP_ATAN
    y[i] = arctangent(v);
#else ifdef OP_EXP
    y[i] = exp(v);
#else ifdef OP_LOG
    y[i] = log(v);
#else ifdef OP_SQRT
    y[i] = sqrt(v);
#else ifdef OP_RECIPROCAL
    y[i] = 1.0 / v;
#else ifdef OP_ERF
    y[i] = error_function(v);
#else ifdef OP_FLOOR
    y[i] = floor(v);
#else ifdef OP_CEIL
    y[i] = ceil(v);
#else ifdef OP_ROUND
    y[i] = round(v);
#else ifdef OP_NEG
    y[i] = -v;
#else ifdef OP_ABS
    y[i] = abs(v);
#else ifdef OP_SIGN
    y[i] = sign(v);
#else ifdef OP_NOT
    y[i] = 1u - v;
#else ifdef OP_THRESHOLDED_RELU
    y[i] = select(0.0, v, v > params.numbers.x);
#else ifdef OP_ELU
    y[i] = params.numbers.y * select(params.numbers.x * (exp(v) - 1.0), v, v > 0.0);
#else ifdef OP_GELU
    y[i] = 0.5 * v * (1.0 + error_function(v * 0.70710678));
#else ifdef OP_GELU_TANH
    y[i] = 0.5 * v * (1.0 + hyperbolic_tangent(0.79788456 * (v + 0.044715 * v * v * v)));
#else ifdef OP_MISH
    y[i] = v * hyperbolic_tangent(softplus(v));
#else ifdef OP_SOFTPLUS
    y[i] = softplus(v);
#else ifdef OP_SOFTSIGN
    y[i] = v / (1.0 + abs(v));
#else ifdef OP_HARD_SIGMOID
    y[i] = ramp(v);
#else ifdef OP_HARD_SWISH
    y[i] = v * ramp(v);
#else
    y[i] = activate(v, params.numbers);
#endif
}
