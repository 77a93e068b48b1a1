//! The reference run on burn-flex, and the comparison of an executor's tensors with it.

use burn::backend::Flex;
use imagine_burn::{Network, Value};
use imagine_graph::rng::{Domain, RandomState};
use imagine_graph::{Size, Tensor, TensorData, Texel, Tolerance, ValidGraph};

pub const RANDOM: RandomState =
    RandomState { seed: 77, step: 3, domain: Domain { origin: Texel { y: -5, x: 12 }, wrap: true } };

/// Every value of the graph on burn-flex, indexed by its id.
pub fn trace(graph: &ValidGraph, inputs: &[Tensor], size: Size) -> Vec<Tensor> {
    let device = Default::default();
    let inputs = inputs.iter().map(|tensor| Value::from_data(tensor, &device)).collect();
    let values = Network::<Flex>::new(graph, &device).trace(inputs, size, RANDOM).unwrap();
    values.into_iter().map(Value::into_data).collect()
}

/// The first output that differs from what is expected.
pub fn fault(found: &[Tensor], expected: &[Tensor], tolerance: Tolerance) -> Option<String> {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).find_map(|(found, expected)| difference(found, expected, tolerance))
}

/// Index, both numbers and the largest difference, if `found` is not within the tolerance of `expected`. NaN never is.
pub fn difference(found: &Tensor, expected: &Tensor, tolerance: Tolerance) -> Option<String> {
    if found.tensor_type() != expected.tensor_type() {
        return Some(format!("is {}, expected {}", found.tensor_type(), expected.tensor_type()));
    }
    let (TensorData::F32(found), TensorData::F32(expected)) = (&found.data, &expected.data) else {
        return (found != expected).then(|| "differs".into());
    };
    let within = |(a, b): (&f32, &f32)| (a - b).abs() - tolerance.absolute - tolerance.relative * b.abs() <= 0.0;
    let index = found.iter().zip(expected).position(|pair| !within(pair))?;
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    Some(format!("element {index} is {}, expected {}; largest difference {largest}", found[index], expected[index]))
}

/// Fails with all of `faults` at once.
pub fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
