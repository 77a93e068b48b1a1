//! Every operator through plan, arena and recording, against burn-flex: all cases, and 100 random graphs node by node, with
//! bounds checks on and off. In the random graphs every wgpu node gets burn's inputs, so that no error adds up. Infinite weights.

use burn::backend::Flex;
use imagine_burn::{Network, Value};
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::rng::RandomState;
use imagine_graph::{
    Add, Card, Case, Class, Dim, Generator, Graph, InputKind, Op, OutputKind, Size, SizeRule, Softmax, Tensor,
    TensorData, Texel, Tolerance, Trilu, ValidGraph, ValidNode, ValueSource, Where,
};
use imagine_tests::random_graph::RandomGraph;
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{BoundsChecks, Fusion, KernelTarget, KernelTuning, PlanOptions};

const GRAPHS: u64 = 100;
/// Length of an attention mask.
const SIDE: usize = 5;
const RANDOM: RandomState = RandomState {
    seed: 77,
    step: 3,
    domain: imagine_graph::rng::Domain { origin: Texel { y: -5, x: 12 }, wrap: true },
};

/// The device with bounds checks and without.
fn gpus() -> Option<[Gpu; 2]> {
    Some([Gpu::for_test(BoundsChecks::On)?, Gpu::for_test(BoundsChecks::Off)?])
}

#[test]
fn every_case_agrees_with_burn() {
    let Some(gpus) = gpus() else { return };
    let mut faults = Vec::new();
    for case in Op::ALL.iter().flat_map(|info| (info.cases)()) {
        let what = format!("{} {:?}", case.op.name(), case.name);
        let (graph, inputs) = case.graph();
        let valid = graph.validate().unwrap();
        let values = trace(&valid, &inputs, case.size());
        let expected: Vec<_> = valid.outputs().iter().map(|value| &values[value.0]).collect();
        compare(&gpus, &what, &valid, &inputs, case.size(), &expected, case.op.tolerance(), &mut faults);
    }
    report(faults);
}

/// Convolutions with weights from outside, and with the kernels of the other kind of adapter.
#[test]
fn every_kernel_of_a_convolution_agrees_with_burn() {
    let Some([gpu, unchecked]) = gpus() else { return };
    let tuning = gpu.options().tuning;
    let other = if tuning.target == KernelTarget::Gpu { KernelTarget::CpuSubgroups } else { KernelTarget::Gpu };
    // Kernels for lanes run where lanes can read each other's registers.
    let other = if gpu.device.features().contains(wgpu::Features::SUBGROUP) { other } else { KernelTarget::Gpu };
    let options = PlanOptions { tuning: KernelTuning { target: other, ..tuning }, ..gpu.options() };
    let others = [&gpu, &unchecked].map(|gpu| gpu.with_options(options));
    let mut faults = Vec::new();
    let convolutions = Op::ALL.iter().filter(|info| ["Conv", "ConvTranspose"].contains(&info.name));
    for case in convolutions.flat_map(|info| (info.cases)()) {
        let outside = Case { weights: Vec::new(), ..case.clone() };
        for (gpus, case, how) in [(&others, &case, "other kernels"), (&others, &outside, "weights from outside")] {
            let what = format!("{} {:?}, {how}", case.op.name(), case.name);
            let (graph, inputs) = case.graph();
            let valid = graph.validate().unwrap();
            let values = trace(&valid, &inputs, case.size());
            let expected: Vec<_> = valid.outputs().iter().map(|value| &values[value.0]).collect();
            compare(gpus, &what, &valid, &inputs, case.size(), &expected, case.op.tolerance(), &mut faults);
        }
    }
    report(faults);
}

#[test]
fn random_graphs_agree_with_burn_node_by_node() {
    let Some(gpus) = gpus() else { return };
    let mut faults = Vec::new();
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        let valid = random.graph.validate().unwrap();
        let values = trace(&valid, &random.inputs, random.size);
        for node in valid.nodes().iter().filter(|node| node.op.info().class != Class::Fold) {
            let case = single(&valid, node, &values);
            let (graph, inputs) = case.graph();
            let expected: Vec<_> = node.outputs.iter().map(|value| &values[value.0]).collect();
            let what = format!("graph {seed}, node {:?} ({})", node.name, node.op.name());
            let valid = graph.validate().unwrap();
            compare(&gpus, &what, &valid, &inputs, random.size, &expected, node.op.tolerance(), &mut faults);
        }
    }
    report(faults);
}

#[test]
fn fusing_changes_no_random_graph() {
    let Some([gpu, _]) = gpus() else { return };
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

/// With a number instead of NaN. A graph that takes the arcsine of what is 1 has NaN on a GPU that rounds it up, fused or not.
fn without_nan(tensor: &Tensor) -> Tensor {
    let number = |value: &f32| if value.is_nan() { f32::MAX } else { *value };
    match &tensor.data {
        TensorData::F32(values) => Tensor::f32(tensor.shape.clone(), values.iter().map(number).collect::<Vec<_>>()),
        _ => tensor.clone(),
    }
}

/// The node alone, with burn's values as its inputs.
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

/// Every value of the graph on burn-flex.
fn trace(graph: &ValidGraph, inputs: &[Tensor], size: Size) -> Vec<Tensor> {
    let device = Default::default();
    let inputs = inputs.iter().map(|tensor| Value::from_data(tensor, &device)).collect();
    let values = Network::<Flex>::new(graph, &device).trace(inputs, size, RANDOM).unwrap();
    values.into_iter().map(Value::into_data).collect()
}

#[expect(clippy::too_many_arguments, reason = "everything that one comparison is about")]
fn compare(
    gpus: &[Gpu; 2],
    what: &str,
    graph: &ValidGraph,
    inputs: &[Tensor],
    size: Size,
    expected: &[&Tensor],
    tolerance: Tolerance,
    faults: &mut Vec<String>,
) {
    for (gpu, checks) in gpus.iter().zip(["with", "without"]) {
        let fault = match gpu.run_graph(graph, inputs, size, RANDOM) {
            Ok(found) => {
                assert_eq!(found.len(), expected.len(), "{what}");
                found.iter().zip(expected).find_map(|(found, expected)| difference(found, expected, tolerance))
            }
            Err(error) => Some(error.to_string()),
        };
        faults.extend(fault.map(|fault| format!("{what} {checks} bounds checks: {fault}")));
    }
}

/// Index, both numbers and the largest difference, where `found` is not within the tolerance of `expected`.
fn difference(found: &Tensor, expected: &Tensor, tolerance: Tolerance) -> Option<String> {
    if found.tensor_type() != expected.tensor_type() {
        return Some(format!("is {}, expected {}", found.tensor_type(), expected.tensor_type()));
    }
    let (TensorData::F32(found), TensorData::F32(expected)) = (&found.data, &expected.data) else {
        return (found != expected).then(|| "differs".into());
    };
    let off = |(a, b): (&f32, &f32)| (a - b).abs() - tolerance.absolute - tolerance.relative * b.abs();
    let bad = found.iter().zip(expected).position(|pair| off(pair).is_nan() || off(pair) > 0.0)?;
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    Some(format!("element {bad} is {}, expected {}; largest difference {largest}", found[bad], expected[bad]))
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Scores of which each row may look at itself and what is before it: by a choice, and by a sum.
fn causal() -> Graph {
    let mut graph = Graph::default();
    let shape = [SIDE, SIDE].map(Dim::Fixed).to_vec();
    let scores = graph.input("scores", InputKind::Tensor, shape);
    let before =
        Tensor::new(vec![SIDE, SIDE], TensorData::Bool((0..SIDE * SIDE).map(|i| i % SIDE <= i / SIDE).collect()));
    graph.weight("before", before);
    graph.weight("never", Tensor::scalar(f32::NEG_INFINITY));
    graph.weight("all", Tensor::f32([SIDE, SIDE], vec![f32::NEG_INFINITY; SIDE * SIDE]));
    graph.push("chosen", Where {}, ["before", &scores, "never"]);
    graph.push("choice", Softmax { axis: -1 }, ["chosen"]);
    graph.push("mask", Trilu { upper: true, k: 1 }, ["all"]);
    graph.push("masked", Add {}, [&scores, "mask"]);
    graph.push("sum", Softmax { axis: -1 }, ["masked"]);
    graph.output("choice", OutputKind::Tensor);
    graph.output("sum", OutputKind::Tensor);
    graph
}

/// The softmax of each row up to its own element, by its formula.
fn expected(scores: &[f32]) -> Vec<f32> {
    let row = |y: usize| {
        let exponentials: Vec<f32> = (0..=y).map(|x| scores[y * SIDE + x].exp()).collect();
        let sum: f32 = exponentials.iter().sum();
        exponentials.into_iter().map(move |e| e / sum).chain(std::iter::repeat_n(0.0, SIDE - 1 - y))
    };
    (0..SIDE).flat_map(row).collect()
}

fn check(name: &str, found: &[Tensor], scores: &[f32]) {
    for (output, found) in ["choice", "sum"].iter().zip(found) {
        let found = found.as_f32().expect("floats");
        for (index, (found, expected)) in found.iter().zip(expected(scores)).enumerate() {
            assert!(
                (found - expected).abs() < 1e-5,
                "{name}, {output}: element {index} is {found}, expected {expected}"
            );
        }
    }
}

#[test]
fn infinite_weights_mask_attention_and_survive_their_file() {
    let Some([gpu, _]) = gpus() else { return };
    let scores: Vec<f32> = (0..SIDE * SIDE).map(|i| (i * 7 % 11) as f32 * 0.5 - 2.0).collect();
    let input = Tensor::f32([SIDE, SIDE], scores.clone());
    let size = Size::new(1, 1);
    for format in [WeightFormat::F32, WeightFormat::F16, WeightFormat::U8] {
        let rule = SizeRule::default();
        let generator = Generator { output: causal(), recurrence: None, size: rule, card: Card::default() };
        let bytes = file::write(&generator, format).expect("the generator is sound");
        let graph = file::read(&bytes).expect("its file is sound").output;
        assert_eq!(graph.weights, generator.output.weights, "{format:?}");
        let valid = graph.validate().expect("the graph is sound");
        let device = Default::default();
        let network = Network::<Flex>::new(&valid, &device);
        let outputs = network.run(vec![Value::from_data(&input, &device)], size, RandomState::default());
        let outputs: Vec<Tensor> = outputs.expect("it runs").into_iter().map(Value::into_data).collect();
        check("burn-flex", &outputs, &scores);
        let outputs = gpu.run_graph(&valid, std::slice::from_ref(&input), size, RandomState::default());
        check("wgpu", &outputs.expect("it runs"), &scores);
    }
}
