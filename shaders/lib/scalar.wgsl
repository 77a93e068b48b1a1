// Functions of one or two numbers that elementwise kernels share.
#define_import_path imagine::scalar

#import imagine::activation::hyperbolic_tangent
#import imagine::error_function::error_function

// ln(1 + exp(x)) without overflow. For small exp(x) the logarithm would round it away, and the series takes over.
fn softplus(x: f32) -> f32 {
    let e = exp(-abs(x));
    return max(x, 0.0) + select(log(1.0 + e), e * (1.0 - 0.5 * e), e < 1e-3);
}

// p.x * x + p.y between 0 and 1.
fn ramp(x: f32, p: vec2<f32>) -> f32 {
    return clamp(p.x * x + p.y, 0.0, 1.0);
}

fn elu(x: f32, p: vec2<f32>) -> f32 {
    return p.y * select(p.x * (exp(x) - 1.0), x, x > 0.0);
}

fn gelu(x: f32) -> f32 {
    return 0.5 * x * (1.0 + error_function(x * 0.70710678));
}

fn gelu_tanh(x: f32) -> f32 {
    return 0.5 * x * (1.0 + hyperbolic_tangent(0.79788456 * (x + 0.044715 * x * x * x)));
}

// The remainder with the sign of the divisor.
fn modulo(a: f32, b: f32) -> f32 {
    let rest = a % b;
    return select(rest, rest + b, rest != 0.0 && (rest < 0.0) != (b < 0.0));
}

// The remainder with the sign of the dividend; 0 for a divisor of 0. Integers do not use `%`: on Vulkan it is OpSRem, which is undefined for negative operands.
fn integer_remainder(a: i32, b: i32) -> i32 {
    return select(a - a / b * b, 0, b == 0);
}

// The remainder with the sign of the divisor; 0 for a divisor of 0.
fn integer_modulo(a: i32, b: i32) -> i32 {
    let rest = integer_remainder(a, b);
    return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));
}

// Towards 0. WGSL leaves conversions out of range open: this clamps, and NaN becomes 0.
fn to_integer(x: f32) -> i32 {
    let inside = i32(clamp(x, -2147483648.0, 2147483520.0));
    return select(select(inside, 2147483647, x >= 2147483648.0), 0, x != x);
}

// The upper half of the bits, rounded to nearest, halves to even. NaN stays.
fn round_bfloat16(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    let rounded = (bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u;
    return select(bitcast<f32>(rounded), x, (bits & 0x7fffffffu) > 0x7f800000u);
}
