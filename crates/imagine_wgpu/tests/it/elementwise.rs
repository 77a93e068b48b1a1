//! Groups of elementwise nodes: which nodes they take, and equality with single kernels to the bit.

use imagine_graph::rng::RandomState;
use imagine_graph::{
    Add, Cast, Clip, DType, Dim, Div, Floor, Graph, Greater, InputKind, Less, Mod, Mul, Not, Op, OutputKind, Pow, Relu,
    Reshape, Sigmoid, Size, Sub, Tanh, Tensor, ValidGraph, Where,
};
use imagine_wgpu::{Fusion, Plan, PlanOptions, Precision};

use crate::common::{doubled, gpu, noise, weight};

const SIZE: Size = Size { batch: 2, height: 9, width: 14 };

fn graph() -> Graph {
    let mut graph = Graph::default();
    for name in ["x", "y"] {
        graph.input(name, InputKind::Tensor, Dim::nchw(3));
    }
    graph
}

fn finish(mut graph: Graph, outputs: &[&str]) -> ValidGraph {
    outputs.iter().for_each(|output| graph.output(output, OutputKind::Tensor));
    graph.validate().unwrap()
}

/// Labels of the passes, each with `*` if it is a group.
fn passes(graph: &ValidGraph) -> String {
    let plan = Plan::new(graph, SIZE, PlanOptions::default()).unwrap();
    let label = |pass: &imagine_wgpu::Pass| {
        let group = if pass.call.pipeline.shader == "ops/elementwise" { "*" } else { "" };
        format!("{}{group}", pass.call.label)
    };
    plan.output(0).passes.iter().map(label).collect::<Vec<_>>().join(" ")
}

/// Asserts that results are those of one kernel per node, to the bit.
fn equal(graph: &ValidGraph, precision: Precision) {
    let Some(gpu) = gpu() else { return };
    let inputs: Vec<Tensor> = (0..graph.graph().inputs.len() as u32)
        .map(|seed| Tensor::f32([2, 3, 9, 14], noise(2 * 3 * 9 * 14, seed).iter().map(|x| 6.0 * x).collect::<Vec<_>>()))
        .collect();
    let run = |fusion| {
        let gpu = gpu.with_options(PlanOptions { fusion, precision, ..gpu.options() });
        gpu.run_graph(graph, &inputs, SIZE, RandomState::default()).unwrap()
    };
    let (fused, plain) = (run(Fusion::On), run(Fusion::Off));
    assert_eq!(fused, plain);
}

/// A blend as layers have it: the lower where the mask is 0, with products that are added.
fn blend() -> ValidGraph {
    let mut graph = graph();
    weight(&mut graph, "tint", &[3, 1, 1]);
    graph.weight("one", Tensor::scalar(1.0));
    graph.weight("half", Tensor::f32([1, 1, 1, 1], vec![0.5]));
    graph.push("tinted", Mul {}, ["y", "tint"]);
    graph.push("mask", Sigmoid {}, ["x"]);
    graph.push("rest", Sub {}, ["one", "mask"]);
    graph.push("upper", Mul {}, ["tinted", "mask"]);
    graph.push("lower", Mul {}, ["x", "rest"]);
    graph.push("sum", Add {}, ["upper", "lower"]);
    graph.push("scaled", Mul {}, ["sum", "half"]);
    graph.push("z", Clip { min: Some(-0.4), max: Some(0.6) }, ["scaled"]);
    finish(graph, &["z"])
}

/// Integers, truth values and choices.
fn integers() -> ValidGraph {
    let mut graph = graph();
    graph.weight("five", Tensor { shape: vec![], data: imagine_graph::TensorData::I32(vec![-5]) });
    graph.weight("two", Tensor::scalar(2.0));
    graph.push("n", Cast::to(DType::I32), ["x"]);
    graph.push("m", Cast::to(DType::I32), ["y"]);
    graph.push("product", Mul {}, ["n", "m"]);
    graph.push("rest", Mod { fmod: false }, ["product", "five"]);
    graph.push("less", Less {}, ["rest", "n"]);
    graph.push("not", Not {}, ["less"]);
    graph.push("float", Cast::to(DType::F32), ["rest"]);
    graph.push("square", Pow {}, ["float", "two"]);
    graph.push("floor", Floor {}, ["x"]);
    graph.push("z", Where {}, ["not", "square", "floor"]);
    finish(graph, &["z"])
}

#[test]
fn a_blend_is_one_pass() {
    assert_eq!(passes(&blend()), "z*");
    equal(&blend(), Precision::F32);
}

#[test]
fn integers_and_truth_values_are_one_pass() {
    assert_eq!(passes(&integers()), "z*");
    equal(&integers(), Precision::F32);
}

#[test]
fn what_has_another_reader_is_written() {
    let mut graph = graph();
    graph.push("sum", Add {}, ["x", "y"]);
    graph.push("bent", Relu {}, ["sum"]);
    graph.push("z", Mul {}, ["bent", "x"]);
    let graph = finish(graph, &["z", "bent"]);
    assert_eq!(passes(&graph), "bent* z");
    equal(&graph, Precision::F32);
}

#[test]
fn a_view_and_another_shape_end_a_group() {
    let mut graph = graph();
    weight(&mut graph, "row", &[14]);
    // Two nodes of 14 elements are not computed again for every row.
    graph.push("bent", Relu {}, ["row_in"]);
    graph.input("row_in", InputKind::Tensor, vec![Dim::Fixed(1), Dim::Fixed(1), Dim::Fixed(1), Dim::WIDTH]);
    graph.push("scaled", Mul {}, ["bent", "row"]);
    graph.push("sum", Add {}, ["x", "scaled"]);
    graph.push("product", Mul {}, ["sum", "y"]);
    graph.push("flat", Reshape { shape: vec![Dim::Fixed(6), Dim::Fixed(1)], infer: Some(1) }, ["product"]);
    graph.push("z", Tanh {}, ["flat"]);
    graph.push("last", Relu {}, ["z"]);
    let graph = finish(graph, &["last"]);
    assert_eq!(passes(&graph), "scaled* product* last*");
}

#[test]
fn a_group_reads_at_most_six_values() {
    let mut graph = graph();
    for n in 0..7 {
        weight(&mut graph, &format!("w{n}"), &[3, 9, 14]);
    }
    let mut last = "x".to_string();
    for n in 0..7 {
        graph.push(&format!("s{n}"), Add {}, [&*last, &format!("w{n}")]);
        last = format!("s{n}");
    }
    let graph = finish(graph, &[&last]);
    // The last six additions read six weights at most, besides what they begin with.
    assert_eq!(passes(&graph), "s1* s6*");
    equal(&graph, Precision::F32);
}

#[test]
fn a_long_chain_is_cut() {
    let mut graph = graph();
    let mut last = "x".to_string();
    for n in 0..150 {
        let op: Op = if n % 2 == 0 { Add {}.into() } else { Mul {}.into() };
        graph.push(&format!("s{n}"), op, [&*last, "y"]);
        last = format!("s{n}");
    }
    graph.push("z", Sigmoid {}, [&*last]);
    let graph = finish(graph, &["z"]);
    assert_eq!(passes(&graph).split(' ').count(), 3);
    equal(&graph, Precision::F32);
}

#[test]
fn sixteen_bits_between_groups() {
    let mut graph = graph();
    graph.push("sum", Add {}, ["x", "y"]);
    graph.push("difference", Sub {}, ["sum", "y"]);
    graph.push("large", doubled(), ["difference"]);
    graph.push("other", doubled(), ["y"]);
    graph.push("bent", Relu {}, ["large"]);
    graph.push("scaled", Mul {}, ["large", "other"]);
    graph.push("greater", Greater {}, ["bent", "scaled"]);
    graph.push("quotient", Div {}, ["large", "other"]);
    graph.push("z", Where {}, ["greater", "quotient", "scaled"]);
    let graph = finish(graph, &["z"]);
    let Some(gpu) = gpu() else { return };
    if gpu.device.features().contains(wgpu::Features::SHADER_F16) {
        let options = PlanOptions { precision: Precision::F16, ..gpu.options() };
        let recording = Plan::new(&graph, SIZE, options).unwrap().output(0).to_string();
        assert!(recording.contains("HALF_OUT") && recording.contains("HALF_1"), "{recording}");
        let run = |precision| {
            let gpu = gpu.with_options(PlanOptions { precision, ..gpu.options() });
            let inputs = [1, 2].map(|seed| Tensor::f32([2, 3, 9, 14], noise(2 * 3 * 9 * 14, seed)));
            gpu.run_graph(&graph, &inputs, SIZE, RandomState::default()).unwrap()
        };
        let (half, full) = (run(Precision::F16), run(Precision::F32));
        let pairs = half[0].as_f32().unwrap().iter().zip(full[0].as_f32().unwrap());
        let close = pairs.filter(|(a, b)| (*a - *b).abs() <= 2e-3 * (1.0 + b.abs())).count();
        assert!(close >= 4 * 2 * 3 * 9 * 14 * 99 / 100, "{close}");
    }
}
