//! 120 seeded random graphs: they validate, give what shape inference promised in small finite numbers, survive their file,
//! and wgpu agrees with burn-flex node by node.

use std::collections::BTreeSet;

use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{
    Card, Case, Class, Generator, Op, SizeRule, Tensor, TensorData, Tolerance, ValidGraph, ValidNode, ValueId,
    ValueSource,
};
use imagine_tests::random_graph::RandomGraph;
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{BoundsChecks, Fusion, PlanOptions};

use crate::compare::{RANDOM, difference, fault, report, trace};

const GRAPHS: u64 = 120;

#[test]
fn they_keep_what_shape_inference_promised() {
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        let valid = random.graph.validate().unwrap_or_else(|error| panic!("graph {seed}: {error}"));
        let bound = valid.bind(random.size).unwrap_or_else(|error| panic!("graph {seed}: {error}"));
        for (id, value) in trace(&valid, &random.inputs, random.size).into_iter().enumerate() {
            let (name, promised) = (valid.name(ValueId(id)), bound.value_type(ValueId(id)));
            assert_eq!(value.tensor_type(), *promised, "graph {seed}, value {name:?}");
            let wild = value.as_f32().and_then(|values| values.iter().find(|v| v.is_nan() || v.abs() > 8.001));
            assert_eq!(wild, None, "graph {seed}, value {name:?} leaves its range");
        }
    }
}

#[test]
fn they_survive_their_file() {
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        let size = SizeRule { min: random.size.extent(), ..SizeRule::default() };
        let generator = Generator { output: random.graph.clone(), recurrence: None, size, card: Card::default() };
        let bytes = file::write(&generator, WeightFormat::F32).unwrap_or_else(|error| panic!("graph {seed}: {error}"));
        let read = file::read(&bytes).unwrap_or_else(|error| panic!("graph {seed}: {error}"));
        assert_eq!(read.output, random.graph, "graph {seed}");
    }
}

#[test]
fn they_have_every_operator_and_are_repeatable() {
    let mut found = BTreeSet::new();
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        assert_eq!(random.graph, RandomGraph::new(seed).graph);
        found.extend(random.graph.nodes.iter().map(|node| node.op.name()));
    }
    let missing: Vec<_> = Op::ALL.iter().map(|info| info.name).filter(|name| !found.contains(name)).collect();
    assert!(missing.is_empty(), "no graph has {missing:?}");
}

#[test]
fn wgpu_agrees_with_burn_node_by_node() {
    let Some(gpu) = Gpu::for_test(BoundsChecks::Off) else { return };
    let mut faults = Vec::new();
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        let valid = random.graph.validate().unwrap();
        let values = trace(&valid, &random.inputs, random.size);
        for node in valid.nodes().iter().filter(|node| node.op.info().class != Class::Fold) {
            let (graph, inputs) = single(&valid, node, &values).graph();
            let expected: Vec<_> = node.outputs.iter().map(|value| values[value.0].clone()).collect();
            let fault = match gpu.run_graph(&graph.validate().unwrap(), &inputs, random.size, RANDOM) {
                Ok(found) => fault(&found, &expected, node.op.tolerance()),
                Err(error) => Some(error.to_string()),
            };
            faults
                .extend(fault.map(|fault| format!("graph {seed}, node {:?} ({}): {fault}", node.name, node.op.name())));
        }
    }
    report(faults);
}

#[test]
fn fusing_changes_no_result() {
    let Some(gpu) = Gpu::for_test(BoundsChecks::Off) else { return };
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        let valid = random.graph.validate().unwrap();
        let run = |fusion| {
            let gpu = gpu.with_options(PlanOptions { fusion, ..gpu.options() });
            gpu.run_graph(&valid, &random.inputs, random.size, RANDOM).unwrap()
        };
        for (fused, plain) in run(Fusion::On).iter().zip(run(Fusion::Off)) {
            let tolerance = Tolerance { absolute: 1e-5, relative: 1e-5 };
            assert_eq!(difference(&without_nan(fused), &without_nan(&plain), tolerance), None, "graph {seed}");
        }
    }
}

/// With a number in place of NaN: the arcsine of 1 is NaN on a GPU that rounds it up, fused or not.
fn without_nan(tensor: &Tensor) -> Tensor {
    let number = |value: &f32| if value.is_nan() { f32::MAX } else { *value };
    match &tensor.data {
        TensorData::F32(values) => Tensor::f32(tensor.shape.clone(), values.iter().map(number).collect::<Vec<_>>()),
        _ => tensor.clone(),
    }
}

/// The node alone, with burn's values as its inputs, so that errors do not add up.
fn single(graph: &ValidGraph, node: &ValidNode, values: &[Tensor]) -> Case {
    let mut case = Case::new(node.name.clone(), node.op.clone());
    for (index, input) in node.inputs.iter().enumerate() {
        case.inputs.push(input.map(|value| values[value.0].clone()));
        if input.is_some_and(|value| *graph.source(value) == ValueSource::Weight) {
            case.weights.push(index);
        }
    }
    case
}
