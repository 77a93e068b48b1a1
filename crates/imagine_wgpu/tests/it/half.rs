//! 16-bit floats between passes: which values have them, that every kernel variant composes, and how far results differ.

use std::collections::BTreeSet;

use expect_test::expect;
use half::f16;
use imagine_graph::rng::RandomState;
use imagine_graph::{
    Add, Case, Concat, Conv, ConvTranspose, DType, Dim, Graph, GraphOutput, InputKind, InstanceNormalization,
    LeakyRelu, Neg, OutputKind, PadMode, ReduceMean, Relu, Sigmoid, Size, Sub, Tensor, TensorData, ValidGraph,
};
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{Fusion, KernelTarget, KernelTuning, Plan, PlanOptions, Precision, ShaderComposer, ShaderDef};

use crate::automaton;
use crate::common::{doubled, gpu, noise, weight};

/// Allowed difference from the 32-bit result for equal inputs: rounding of the result and of the weights in a sum.
const TOLERANCE: f32 = 2e-3;

fn half_options() -> PlanOptions {
    PlanOptions { precision: Precision::F16, ..PlanOptions::default() }
}

/// The case with two nodes before each of its float inputs and one after each output, so that these can have 16 bits; all
/// inputs are exact in 16 bits.
fn between(case: &Case) -> (ValidGraph, Vec<Tensor>) {
    let (mut graph, mut inputs) = case.graph();
    let floats = |graph: &Graph| {
        let inputs = graph.inputs.iter().filter(|input| input.dtype == DType::F32);
        inputs.map(|input| input.name.clone()).collect::<Vec<_>>()
    };
    for name in floats(&graph) {
        let (first, before) = (format!("{name}.first"), format!("{name}.before"));
        for input in graph.nodes[0].inputs.iter_mut().filter(|input| **input == name) {
            input.clone_from(&before);
        }
        graph.push(&first, Neg {}, [&*name]);
        graph.push(&before, Neg {}, [&*first]);
    }
    let types = {
        let valid = graph.clone().validate().unwrap();
        let bound = valid.bind(case.size()).unwrap();
        valid.outputs().iter().map(|value| bound.value_type(*value).dtype).collect::<Vec<_>>()
    };
    for (output, dtype) in graph.outputs.clone().iter().zip(types).filter(|(_, dtype)| *dtype == DType::F32) {
        let behind = format!("{}.behind", output.name);
        assert_eq!(dtype, DType::F32);
        graph.push(&behind, Neg {}, [&*output.name]);
        let place = graph.outputs.iter().position(|other| other.name == output.name).unwrap();
        graph.outputs[place] = GraphOutput::new(behind, OutputKind::Tensor);
    }
    for tensor in &mut inputs {
        if let TensorData::F32(values) = &mut tensor.data {
            values.iter_mut().for_each(|value| *value = f16::from_f32(*value).to_f32());
        }
    }
    (graph.validate().unwrap(), inputs)
}

fn cases() -> impl Iterator<Item = (String, Size, ValidGraph, Vec<Tensor>)> {
    imagine_graph::Op::ALL.iter().flat_map(|info| (info.cases)()).map(|case| {
        let (graph, inputs) = between(&case);
        (format!("{} {:?}", case.op.name(), case.name), case.size(), graph, inputs)
    })
}

/// The device, if it has 16-bit floats.
fn half_gpu() -> Option<Gpu> {
    let gpu = gpu()?;
    match gpu.with_precision(Precision::F16) {
        Ok(half) => Some(half),
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

#[test]
fn every_variant_composes_and_every_kernel_of_the_table_has_one() {
    let mut composer = ShaderComposer::new().unwrap();
    let mut keys = BTreeSet::new();
    for (_, size, graph, _) in cases() {
        for (target, fusion) in [
            (KernelTarget::Gpu, Fusion::On),
            (KernelTarget::CpuSubgroups, Fusion::On),
            // Neighbours of the operator would join it.
            (KernelTarget::Gpu, Fusion::Off),
        ] {
            let tuning = KernelTuning { target, ..KernelTuning::default() };
            let plan = Plan::new(&graph, size, PlanOptions { tuning, fusion, ..half_options() }).unwrap();
            keys.extend(plan.output(0).passes.iter().map(|pass| {
                let key = &pass.call.pipeline;
                (key.shader, key.defs.clone())
            }));
        }
    }
    let mut faults = Vec::new();
    for (shader, defs) in &keys {
        faults.extend(composer.compose(shader, defs).err().map(|error| error.to_string()));
    }
    assert!(faults.is_empty(), "{} faults:\n\n{}", faults.len(), faults.join("\n\n"));
    let halves = keys.iter().filter(|(_, defs)| defs.contains(&("HALF_OUT", ShaderDef::Bool(true))));
    let found: Vec<&str> = halves.map(|(shader, _)| *shader).collect::<BTreeSet<_>>().into_iter().collect();
    expect!["ops/batch_normalization ops/binary ops/blocked ops/concat ops/depth_to_space ops/elementwise ops/normalization ops/pad ops/pool ops/resize ops/slice ops/unary"].assert_eq(&found.join(" "));
}

#[test]
fn every_case_is_within_the_tolerance_of_32_bits() {
    let Some(half) = half_gpu() else { return };
    let exact = half.with_precision(Precision::F32).unwrap();
    let mut faults = Vec::new();
    for (name, size, graph, inputs) in cases() {
        if !uses_half(&graph, size) {
            continue;
        }
        let run = |gpu: &Gpu| gpu.run_graph(&graph, &inputs, size, RandomState::default()).unwrap();
        for (found, expected) in run(&half).iter().zip(run(&exact)) {
            faults.extend(difference(found, &expected, TOLERANCE).map(|fault| format!("{name}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Whether the case's own node reads or writes 16 bits or has 16-bit weights.
fn uses_half(graph: &ValidGraph, size: Size) -> bool {
    let plan = Plan::new(graph, size, half_options()).unwrap();
    let output = plan.output(0);
    let of_node = output.passes.iter().filter(|pass| pass.call.label.starts_with("node"));
    of_node.flat_map(|pass| &pass.call.pipeline.defs).any(|(name, _)| name.starts_with("HALF"))
}

/// The first element that differs by more than `tolerance`, absolute and relative.
fn difference(found: &Tensor, expected: &Tensor, tolerance: f32) -> Option<String> {
    let (Some(a), Some(b)) = (found.as_f32(), expected.as_f32()) else {
        return (found != expected).then(|| "differs".into());
    };
    let far = |(a, b): (&f32, &f32)| a != b && ((a - b).is_nan() || (a - b).abs() > tolerance * (1.0 + b.abs()));
    let at = a.iter().zip(b).position(far)?;
    Some(format!("element {at} is {}, expected {}", a[at], b[at]))
}

fn conv(graph: &mut Graph, name: &str, from: &str, channels: [usize; 2], stride: usize) {
    let w = format!("{name}.w");
    weight(graph, &w, &[channels[1], channels[0], 3, 3]);
    graph.push(name, Conv { strides: vec![stride; 2], ..Conv::same(3, PadMode::Reflect) }, [from, &w]);
}

/// Every kind of node between convolutions, and one whose kernel supports 32 bits only.
fn network() -> ValidGraph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(3));
    conv(&mut graph, "a", "x", [3, 8], 1);
    conv(&mut graph, "b", "a", [8, 8], 2);
    weight(&mut graph, "scale", &[8]);
    weight(&mut graph, "shift", &[8]);
    graph.push("norm", InstanceNormalization::default(), ["b", "scale", "shift"]);
    graph.push("r", Relu {}, ["norm"]);
    weight(&mut graph, "t", &[8, 8, 4, 4]);
    let transposed = ConvTranspose { strides: vec![2, 2], pads: vec![1; 4], ..ConvTranspose::default() };
    graph.push("up", transposed, ["r", "t"]);
    graph.push("bent", LeakyRelu { alpha: 0.2 }, ["up"]);
    graph.push("mean", ReduceMean { axes: vec![2, 3], ..ReduceMean::default() }, ["bent"]);
    graph.push("centred", Sub {}, ["bent", "mean"]);
    graph.push("skip", Concat { axis: 1 }, ["centred", "a"]);
    conv(&mut graph, "c", "skip", [16, 8], 1);
    conv(&mut graph, "d", "c", [8, 8], 1);
    graph.push("residual", Add {}, ["c", "d"]);
    graph.push("large", doubled(), ["residual"]);
    conv(&mut graph, "e", "large", [8, 3], 1);
    graph.push("y", Sigmoid {}, ["e"]);
    graph.output("y", OutputKind::Tensor);
    graph.validate().unwrap()
}

#[test]
fn a_network_keeps_32_bits_where_a_kernel_needs_them() {
    let plan = Plan::new(&network(), Size::new(16, 16), half_options()).unwrap();
    expect![[r#"
        a: ops/blocked BORDER_REFLECT HALF_2 HALF_OUT QUADS=2 SLIDE, step 0, workgroups [1, 1, 1] from [0, 0, 0], 110592 FLOP, 8032 bytes, arena0[16384+3072] packed0[0+448] arena0[4096+4096]
        b: ops/blocked BORDER_REFLECT HALF_1 HALF_2 HALF_OUT QUADS=2, step 0, workgroups [1, 1, 1] from [0, 0, 0], 73728 FLOP, 7424 bytes, arena0[4096+4096] packed0[512+1168] arena0[8192+1024]
        norm: ops/normalization ACTIVATION_RELU AXES_1 BIAS CENTERED COOPERATIVE HALF_1 HALF_OUT SCALE, step 0, workgroups [8, 1, 1] from [0, 0, 0], 4096 FLOP, 2112 bytes, arena0[8192+1024] constants0[0+32] constants0[256+32] arena0[19456+1024]
        up: ops/blocked ACTIVATION_LEAKY_RELU HALF_1 HALF_2 QUADS=2 SLIDE, step 0, workgroups [1, 1, 4] from [0, 0, 0], 131072 FLOP, 13312 bytes, arena0[19456+1024] packed0[1792+2112] arena0[8192+8192]
        mean: ops/reduce AXES_1 COOPERATIVE OP_MEAN, step 0, workgroups [8, 1, 1] from [0, 0, 0], 2048 FLOP, 8224 bytes, arena0[8192+8192] arena0[19456+32]
        centred: ops/binary AXES_2 HALF_OUT OP_SUB, step 0, workgroups [32, 1, 1] from [0, 0, 0], 2048 FLOP, 12320 bytes, arena0[8192+8192] arena0[19456+32] arena0[0+4096]
        c: ops/blocked BORDER_REFLECT HALF_1 HALF_2 HALF_OUT QUADS=2 SLIDE, step 0, workgroups [1, 1, 1] from [0, 0, 0], 589824 FLOP, 16896 bytes, arena0[0+8192] packed0[4096+2320] arena0[8192+4096]
        d: ops/blocked ADDEND BORDER_REFLECT HALF_1 HALF_2 HALF_3 HALF_OUT QUADS=2 SLIDE, step 0, workgroups [1, 1, 1] from [0, 0, 0], 294912 FLOP, 14592 bytes, arena0[8192+4096] packed0[6656+1168] arena0[8192+4096] arena0[12288+4096]
        e: ops/blocked ACTIVATION_SIGMOID BORDER_REFLECT HALF_1 HALF_2 QUADS=1 SLIDE, step 0, workgroups [4, 1, 1] from [0, 0, 0], 442368 FLOP, 17248 bytes, arena0[12288+4096] packed0[7936+584] arena0[0+12288]
        9 passes, 1650688 FLOP, 100160 bytes"#]].assert_eq(&plan.output(0).to_string());
    let exact = Plan::new(&network(), Size::new(16, 16), PlanOptions::default()).unwrap();
    assert!(plan.bytes() * 10 < exact.bytes() * 7, "{} bytes, {} of 32 bits", plan.bytes(), exact.bytes());
}

#[test]
fn a_network_differs_by_less_than_a_level_of_an_8_bit_picture() {
    let Some(half) = half_gpu() else { return };
    let exact = half.with_precision(Precision::F32).unwrap();
    for size in [Size::new(32, 48), Size::new(14, 18).with_batch(2)] {
        let shape = [size.batch, 3, size.height, size.width];
        let input = [Tensor::f32(shape, noise(shape.iter().product(), 3))];
        let run = |gpu: &Gpu| gpu.run_graph(&network(), &input, size, RandomState::default()).unwrap();
        let (found, expected) = (run(&half), run(&exact));
        assert_ne!(found, expected);
        let pairs = found[0].as_f32().unwrap().iter().zip(expected[0].as_f32().unwrap());
        let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest < 1.0 / 255.0, "{largest}");
    }
}

#[test]
fn automata_and_weights_too_large_stay_exact() {
    let plan = |precision| {
        let options = PlanOptions { precision, ..half_options() };
        Plan::new(&automaton::generator(), Size::new(16, 16), options).unwrap().steps(0, 2)
    };
    assert_eq!(plan(Precision::F16), plan(Precision::F32));
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(1));
    graph.weight("w", Tensor::f32([1, 1, 1, 1], [70_000.0]));
    graph.push("y", Conv::default(), ["x", "w"]);
    graph.output("y", OutputKind::Tensor);
    let plan = Plan::new(&graph.validate().unwrap(), Size::new(4, 4), half_options()).unwrap();
    let defs = &plan.output(0).passes[0].call.pipeline.defs;
    assert!(defs.iter().all(|(name, _)| !name.starts_with("HALF")), "{defs:?}");
}
