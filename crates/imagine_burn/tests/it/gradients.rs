//! Gradients of every differentiable case against central differences along random directions.

use burn::backend::{Autodiff, Flex};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{Shape, Tensor, TensorMetadata, TensorPrimitive};
use imagine_burn::{Network, Value};
use imagine_graph::rng::{self, RandomState};
use imagine_graph::{Case, DType, Op, TensorData};

type Differentiable = Autodiff<Flex>;
type Gradients = <Differentiable as AutodiffBackend>::Gradients;

/// Step of the central differences: large against rounding, small against the distance to kinks as in `Relu`.
const STEP: f32 = 1.0 / 4096.0;
/// Maximum error relative to the length of the gradient, which is the mean slope along a random direction of signs.
const RELATIVE: f64 = 2e-2;
/// Directions tried for each input and weight.
const DIRECTIONS: u32 = 3;

#[test]
fn gradients_agree_with_central_differences() {
    let mut faults = Vec::new();
    let mut checked = std::collections::BTreeSet::new();
    for info in Op::ALL {
        for case in (info.cases)().into_iter().filter(|case| case.differentiable) {
            let gradients = gradients(&case);
            for (input, gradient) in gradients {
                checked.insert(info.name);
                for direction in 0..DIRECTIONS {
                    if let Err(fault) = check(&case, input, &gradient, direction) {
                        faults.push(format!("{} {:?}, input {input}: {fault}", info.name, case.name));
                    }
                }
            }
        }
    }
    for name in ["Conv", "ConvTranspose", "Gemm", "Max", "Clip", "Where", "Pad", "Resize", "AveragePool", "Slice"] {
        assert!(checked.contains(name), "{name} was not checked");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Compares the slope along one random direction of signs.
fn check(case: &Case, input: usize, gradient: &[f32], direction: u32) -> Result<(), String> {
    let signs = signs(gradient.len(), direction);
    let moved = |step: f32| {
        let mut case = case.clone();
        let Some(TensorData::F32(values)) = case.inputs[input].as_mut().map(|tensor| &mut tensor.data) else {
            unreachable!("only floats have a gradient")
        };
        values.iter_mut().zip(&signs).for_each(|(value, sign)| *value += step * sign);
        loss(&case)
    };
    let expected = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
    let found: f64 = gradient.iter().zip(&signs).map(|(g, s)| f64::from(g * s)).sum();
    let length = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    let difference = (found - expected).abs();
    if difference <= RELATIVE * length + 1e-3 {
        return Ok(());
    }
    Err(format!("autodiff {found}, central differences {expected}, length of the gradient {length}"))
}

/// The gradient of [`loss`] by each input and weight of floats.
fn gradients(case: &Case) -> Vec<(usize, Vec<f32>)> {
    let (graph, tensors) = case.graph();
    let device = Default::default();
    let network = Network::<Differentiable>::new(&graph.validate().unwrap(), &device);
    let given: Vec<usize> =
        (0..case.inputs.len()).filter(|index| case.inputs[*index].is_some() && !case.weights.contains(index)).collect();
    let mut leaves = Vec::new();
    let mut inputs = Vec::new();
    for (&index, tensor) in given.iter().zip(&tensors) {
        let TensorData::F32(values) = &tensor.data else {
            inputs.push(Value::from_data(tensor, &device));
            continue;
        };
        let leaf = Tensor::<Differentiable, 1>::from_floats(values.as_slice(), &device).require_grad();
        leaves.push((index, leaf.clone()));
        let primitive = leaf.into_primitive().tensor();
        inputs.push(Value::Float(Differentiable::float_reshape(primitive, Shape::from(tensor.shape.clone()))));
    }
    if leaves.is_empty() && case.weights.is_empty() {
        return Vec::new();
    }
    let output = network.run(inputs, case.size(), RandomState::default()).unwrap().remove(0);
    let Value::Float(output) = output else { panic!("{:?} is differentiable but gives no floats", case.name) };
    let count = output.shape().num_elements();
    let flat = Differentiable::float_reshape(output, Shape::from([count]));
    let flat = Tensor::<Differentiable, 1>::from_primitive(TensorPrimitive::Float(flat));
    let weights = Tensor::<Differentiable, 1>::from_floats(projection(count).as_slice(), &device);
    let found = (flat * weights).sum().backward();
    let read = |tensor: &Tensor<Differentiable, 1>| match tensor.grad(&found) {
        Some(gradient) => gradient.into_data().iter::<f32>().collect(),
        None => vec![0.0; tensor.dims()[0]],
    };
    let mut all: Vec<_> = leaves.iter().map(|(index, leaf)| (*index, read(leaf))).collect();
    let mut visitor = Collect { gradients: &found, rows: Vec::new() };
    network.visit(&mut visitor);
    // The network orders its weights by name, w0 to w9, as the inputs are.
    all.extend(case.weights.iter().copied().zip(visitor.rows));
    all
}

/// Reads the gradients of a module's parameters.
struct Collect<'a> {
    gradients: &'a Gradients,
    rows: Vec<Vec<f32>>,
}

impl ModuleVisitor<Differentiable> for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Differentiable, D>>) {
        let tensor = param.val();
        let gradient = tensor.grad(self.gradients).map(|gradient| gradient.into_data().iter::<f32>().collect());
        self.rows.push(gradient.unwrap_or_else(|| vec![0.0; tensor.shape().num_elements()]));
    }
}

/// The output projected onto fixed random weights, summed in 64 bits.
fn loss(case: &Case) -> f64 {
    let (graph, tensors) = case.graph();
    let device = Default::default();
    let inputs = tensors.iter().map(|tensor| Value::<Flex>::from_data(tensor, &device)).collect();
    let network = Network::new(&graph.validate().unwrap(), &device);
    let output = network.run(inputs, case.size(), RandomState::default()).unwrap().remove(0).into_data();
    assert_eq!(output.dtype(), DType::F32);
    let values = output.as_f32().unwrap();
    values.iter().zip(projection(values.len())).map(|(value, weight)| f64::from(*value) * f64::from(weight)).sum()
}

/// Weights of the projection, -1 to 1.
fn projection(count: usize) -> Vec<f32> {
    (0..count as u32).map(|i| 2.0 * rng::uniform(rng::cell(i, 0, 0, 77)) - 1.0).collect()
}

fn signs(count: usize, direction: u32) -> Vec<f32> {
    let sign = |i: u32| if rng::cell(i, direction, 1, 78)[0] & 1 == 0 { 1.0 } else { -1.0 };
    (0..count as u32).map(sign).collect()
}

#[test]
fn frozen_weights_get_no_gradient() {
    let case = imagine_graph::Op::ALL.iter().find(|info| info.name == "Conv").map(|info| (info.cases)().remove(1));
    let case = case.unwrap();
    let (graph, tensors) = case.graph();
    let device = Default::default();
    let network = Network::<Differentiable>::new(&graph.validate().unwrap(), &device).freeze(&["w1"]);
    let inputs = tensors.iter().map(|tensor| Value::from_data(tensor, &device)).collect();
    let output = network.run(inputs, case.size(), RandomState::default()).unwrap().remove(0);
    let found = output.into_tensor::<4>().sum().backward();
    let mut visitor = Collect { gradients: &found, rows: Vec::new() };
    network.visit(&mut visitor);
    assert!(visitor.rows[0].iter().all(|g| *g == 0.0), "the kernel was frozen");
    assert!(visitor.rows[1].iter().all(|g| *g > 0.0), "the bias was not");
}
