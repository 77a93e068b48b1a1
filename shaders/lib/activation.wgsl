// Activation functions. The defs ACTIVATION_* choose what `activate` does.
#define_import_path imagine::activation

// Hyperbolic tangent from one exponential; the built-in overflows for large arguments on some drivers. Beyond 9.1 the
// result is 1 in 32-bit floats. Near 0 the quotient cancels, so the odd Taylor polynomial takes over.
fn hyperbolic_tangent(x: f32) -> f32 {
    let a = min(abs(x), 9.1);
    let e = exp(-2.0 * a);
    let s = x * x;
    let small = x * (1.0 + s * (-0.33333334 + s * (0.13333334 + s * -0.053968254)));
    return select(sign(x) * (1.0 - e) / (1.0 + e), small, a < 0.1);
}

fn logistic(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0)));
}

// `p` holds the parameters of the activation: slope, or lower and upper bound.
fn activate(x: f32, p: vec2<f32>) -> f32 {
#ifdef ACTIVATION_RELU
    return max(x, 0.0);
#else ifdef ACTIVATION_LEAKY_RELU
    return select(p.x * x, x, x > 0.0);
#else ifdef ACTIVATION_SIGMOID
    return logistic(x);
#else ifdef ACTIVATION_TANH
    return hyperbolic_tangent(x);
#else ifdef ACTIVATION_CLIP
    // Not clamp(): with crossed bounds ONNX wants the upper one, and WGSL leaves the result open.
    return min(max(x, p.x), p.y);
#else
    return x;
#endif
}
