//! The kernel calls of every operator's cases against burn-flex: plain dispatches, without plan, arena or recording.
//!
//! Each case runs with bounds checks, without, and with every grid cut in two: the last two must give the same bits.

use std::collections::HashMap;

use burn::backend::Flex;
use imagine_burn::{Network, Value};
use imagine_graph::rng::{self, Domain, RandomState};
use imagine_graph::{BoundGraph, Case, Class, DType, Op, Tensor, TensorData, Texel, ValueId, ValueSource};
use imagine_wgpu::{DispatchParams, KernelCall, Lowering, NodeInput, Operand};

use crate::gpu::{Bound, Checks, Gpu};

/// Seed, step and domain that the cases' random numbers are drawn with.
const RANDOM: RandomState =
    RandomState { seed: 77, step: 3, domain: Domain { origin: Texel { y: -5, x: 12 }, wrap: true } };

#[test]
fn every_kernel_agrees_with_burn() {
    let Some(gpu) = Gpu::new() else { return };
    let mut faults = Vec::new();
    for case in Op::ALL.iter().flat_map(|info| (info.cases)()) {
        let (graph, inputs) = case.graph();
        let valid = graph.validate().unwrap();
        let bound = valid.bind(case.size()).unwrap();
        let calls = lower(&bound, &case);
        if case.op.info().class != Class::Pass {
            assert!(calls.is_empty(), "{} needs no kernel", case.op.name());
            continue;
        }
        let expected = burn(&bound, &inputs, &case);
        let mut compare = |what: &str, found: &Tensor| {
            if let Some(fault) = difference(found, &expected, &case) {
                faults.push(format!("{} {:?} {what}: {fault}", case.op.name(), case.name));
            }
        };
        let unchecked = run(&gpu, &bound, &inputs, &calls, Checks::Off, false);
        compare("without bounds checks", &unchecked);
        compare("with bounds checks", &run(&gpu, &bound, &inputs, &calls, Checks::On, false));
        let cut = run(&gpu, &bound, &inputs, &calls, Checks::Off, true);
        if cut != unchecked {
            faults.push(format!("{} {:?}: cutting its grid changes the result", case.op.name(), case.name));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The calls of the case's one node.
fn lower(bound: &BoundGraph, case: &Case) -> Vec<KernelCall> {
    let graph = bound.graph;
    let node = &graph.nodes()[0];
    let input = |value: &ValueId| NodeInput {
        value: *value,
        value_type: bound.value_type(*value),
        weight: graph.weight(*value),
    };
    let inputs = node.inputs.iter().map(|value| value.as_ref().map(input)).collect();
    let outputs = node.outputs.iter().map(|value| (*value, bound.value_type(*value))).collect();
    let lowering = Lowering::new(&node.name, case.size(), inputs, outputs);
    imagine_wgpu::ops::lower(&node.op, &lowering)
}

/// What burn-flex makes of the case.
fn burn(bound: &BoundGraph, inputs: &[Tensor], case: &Case) -> Tensor {
    let device = Default::default();
    let network = Network::<Flex>::new(bound.graph, &device);
    let values = inputs.iter().map(|tensor| Value::from_data(tensor, &device)).collect();
    network.run(values, case.size(), RANDOM).unwrap().remove(0).into_data()
}

/// Dispatches `calls`, each value in a buffer of its own; with `cut`, each grid in two halves, the later one first.
fn run(gpu: &Gpu, bound: &BoundGraph, inputs: &[Tensor], calls: &[KernelCall], checks: Checks, cut: bool) -> Tensor {
    let graph = bound.graph;
    let mut buffers = HashMap::new();
    for value in (0..graph.value_count()).map(ValueId) {
        let words = match graph.source(value) {
            ValueSource::Input(index) => words(&inputs[*index]),
            ValueSource::Weight => words(graph.weight(value).expect("it is one")),
            ValueSource::Node(_) => vec![u32::MAX; bound.value_type(value).elements()],
        };
        buffers.insert(value, gpu.buffer(&words));
    }
    for call in calls {
        let packed: Vec<_> = call
            .operands
            .iter()
            .filter_map(|operand| match operand {
                Operand::Packed(packed) => Some(gpu.buffer(&packed.data)),
                Operand::Value(_) => None,
            })
            .collect();
        let mut packed = packed.iter();
        let mut bindings: Vec<_> = call
            .operands
            .iter()
            .map(|operand| match operand {
                Operand::Value(value) => &buffers[value],
                Operand::Packed(_) => packed.next().expect("one each"),
            })
            .collect();
        bindings.extend(call.outputs.iter().map(|value| &buffers[value]));
        let bindings: Vec<_> = bindings.into_iter().zip(1..).map(|(buffer, i)| Bound::Buffer(i, buffer)).collect();
        for (base, grid) in parts(call.workgroups, cut) {
            let dispatch = DispatchParams { base, random: random(call) };
            let mut params = call.params.clone();
            params[..size_of::<DispatchParams>()].copy_from_slice(bytemuck::bytes_of(&dispatch));
            gpu.dispatch_with(checks, call.shader, &call.defs, &params, &bindings, grid);
        }
    }
    let output = graph.outputs()[0];
    tensor(&gpu.read(&buffers[&output]), bound.value_type(output).dtype, &bound.value_type(output).shape)
}

/// The whole grid, or its two halves along the last axis above 1, as bases and sizes.
fn parts(grid: [u32; 3], cut: bool) -> Vec<([u32; 4], [u32; 3])> {
    let axis = (0..3).rev().find(|&axis| grid[axis] > 1);
    let Some(axis) = axis.filter(|_| cut) else { return vec![([0; 4], grid)] };
    let half = grid[axis] / 2;
    let (mut first, mut second, mut base) = (grid, grid, [0; 4]);
    first[axis] = half;
    second[axis] -= half;
    base[axis] = half;
    vec![(base, second), ([0; 4], first)]
}

/// `DispatchParams::random` of a call, as the engine fills it.
fn random(call: &KernelCall) -> [u32; 4] {
    let Some(random) = &call.random else { return [0; 4] };
    let origin = RANDOM.domain.tensor_origin(&random.dims);
    let Texel { y, x } = RANDOM.domain.coordinate(origin, random.size, Texel::ZERO);
    [rng::key(RANDOM.seed, random.stream, RANDOM.step), y, x, u32::from(RANDOM.domain.wrap)]
}

fn words(tensor: &Tensor) -> Vec<u32> {
    match &tensor.data {
        TensorData::F32(values) => values.iter().map(|v| v.to_bits()).collect(),
        TensorData::I32(values) => values.iter().map(|v| *v as u32).collect(),
        TensorData::Bool(values) => values.iter().map(|v| u32::from(*v)).collect(),
    }
}

fn tensor(bytes: &[u8], dtype: DType, shape: &[usize]) -> Tensor {
    let data = match dtype {
        DType::F32 => TensorData::F32(bytemuck::pod_collect_to_vec(bytes)),
        DType::I32 => TensorData::I32(bytemuck::pod_collect_to_vec(bytes)),
        DType::Bool => {
            let words: Vec<u32> = bytemuck::pod_collect_to_vec(bytes);
            assert!(words.iter().all(|word| *word <= 1), "truth values are 0 or 1");
            TensorData::Bool(words.into_iter().map(|word| word == 1).collect())
        }
    };
    Tensor::new(shape.to_vec(), data)
}

/// What is different, if it is more than the operator's tolerance.
fn difference(found: &Tensor, expected: &Tensor, case: &Case) -> Option<String> {
    if found.tensor_type() != expected.tensor_type() {
        return Some(format!("{} where {} was expected", found.tensor_type(), expected.tensor_type()));
    }
    let (Some(found_values), Some(expected_values)) = (found.as_f32(), expected.as_f32()) else {
        return (found != expected).then(|| "integers or truth values differ".into());
    };
    let tolerance = case.op.tolerance();
    // NaN is not within any tolerance.
    let within = |f: f32, e: f32| (f - e).abs() <= tolerance.absolute + tolerance.relative * e.abs();
    let bad = found_values.iter().zip(expected_values).position(|(f, e)| !within(*f, *e));
    let largest = found_values.iter().zip(expected_values).fold(0.0f32, |m, (f, e)| m.max((f - e).abs()));
    bad.map(|i| {
        format!("element {i} is {}, expected {}; largest difference {largest}", found_values[i], expected_values[i])
    })
}
