//! Elementwise functions where drivers are known to be weak: large arguments, against 64-bit floats.

use imagine_graph::{Size, TensorType, ValueId};
use imagine_wgpu::ops::unary;
use imagine_wgpu::{Activation, KernelCall, Lowering, NodeInput};

use super::dispatch::{Bound, Gpu};

/// The values of the kernel that `lower` makes at `x`.
fn evaluate(gpu: &Gpu, x: &[f32], lower: impl Fn(&Lowering) -> KernelCall) -> Vec<f32> {
    let value_type = TensorType::f32([x.len()]);
    let input = NodeInput { value: ValueId(0), value_type: &value_type, weight: None };
    let node = Lowering::new("function", Size::new(1, 1), vec![Some(input)], vec![(ValueId(1), &value_type)]);
    let call = lower(&node);
    let (input, output) = (gpu.buffer(x), gpu.buffer(&vec![f32::NAN; x.len()]));
    let bound = [Bound::Buffer(1, &input), Bound::Buffer(2, &output)];
    gpu.dispatch(call.shader, &call.defs, &call.params, &bound, call.workgroups);
    bytemuck::pod_collect_to_vec(&gpu.read(&output))
}

fn assert_near(name: &str, x: &[f32], found: &[f32], function: fn(f64) -> f64, absolute: f64, relative: f64) {
    for (x, found) in x.iter().zip(found) {
        let expected = function(f64::from(*x));
        let error = (f64::from(*found) - expected).abs();
        // Written so that NaN is an error.
        let near = error <= absolute + relative * expected.abs();
        assert!(near, "{name}({x}) is {found}, expected {expected}");
    }
}

/// Numbers from -limit to limit that fall on no particular fraction of pi.
fn ramp(limit: f32) -> Vec<f32> {
    (0..10_001).map(|i| (i as f32 / 5000.0 - 1.0) * limit).collect()
}

#[test]
fn sine_and_cosine_hold_for_large_arguments() {
    let Some(gpu) = Gpu::new() else { return };
    for limit in [0.01, 4.0, 1000.0, 8000.0] {
        let x = ramp(limit);
        assert_near("sin", &x, &evaluate(&gpu, &x, |node| unary::lower_function("OP_SIN", node)), f64::sin, 5e-7, 0.0);
        assert_near("cos", &x, &evaluate(&gpu, &x, |node| unary::lower_function("OP_COS", node)), f64::cos, 5e-7, 0.0);
    }
}

#[test]
fn saturating_functions_neither_overflow_nor_lose_small_arguments() {
    let Some(gpu) = Gpu::new() else { return };
    for limit in [1e-3, 0.3, 5.0, 100.0, 1e30] {
        let x = ramp(limit);
        let tanh = evaluate(&gpu, &x, |node| unary::lower_activation(Activation::Tanh, node));
        assert_near("tanh", &x, &tanh, f64::tanh, 1e-30, 3e-6);
        let sigmoid = evaluate(&gpu, &x, |node| unary::lower_activation(Activation::Sigmoid, node));
        assert_near("sigmoid", &x, &sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 1e-34, 2e-5);
    }
}
