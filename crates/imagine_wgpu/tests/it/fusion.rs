//! Fusion around convolutions: recordings, and equality with unfused results.

use expect_test::{Expect, expect};
use imagine_graph::rng::RandomState;
use imagine_graph::{
    Add, BatchNormalization, Conv, ConvTranspose, DepthToSpace, DepthToSpaceMode, Dim, Graph, InputKind,
    InstanceNormalization, LeakyRelu, OutputKind, PRelu, Pad, PadMode, Relu, Size, Tensor, ValidGraph,
};
use imagine_wgpu::{Fusion, KernelTarget, KernelTuning, Plan, PlanOptions};

use crate::common::{doubled, gpu, noise, weight};

const SIZE: Size = Size { batch: 2, height: 9, width: 14 };

fn finish(mut graph: Graph, output: &str) -> ValidGraph {
    graph.output(output, OutputKind::Tensor);
    graph.validate().unwrap()
}

/// An up-sampling layer of a style network: nearest, reflection padding, convolution, activation.
fn style() -> ValidGraph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(3));
    weight(&mut graph, "w", &[5, 3, 3, 3]);
    weight(&mut graph, "b", &[5]);
    graph.push("large", doubled(), ["x"]);
    let pads = vec![0, 0, 1, 1, 0, 0, 1, 1];
    graph.push("padded", Pad { pads, mode: PadMode::Reflect, ..Pad::default() }, ["large"]);
    graph.push("conv", Conv::default(), ["padded", "w", "b"]);
    graph.push("y", Relu {}, ["conv"]);
    finish(graph, "y")
}

/// A layer of a DCGAN: transposed convolution, normalisation by known statistics, activation.
fn dcgan() -> ValidGraph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(4));
    weight(&mut graph, "w", &[4, 6, 4, 4]);
    for name in ["scale", "bias", "mean"] {
        weight(&mut graph, name, &[6]);
    }
    graph.weight("variance", Tensor::f32([6], vec![0.5, 1.0, 1.5, 0.25, 2.0, 0.75]));
    let conv = ConvTranspose { strides: vec![2, 2], pads: vec![1; 4], ..ConvTranspose::default() };
    graph.push("conv", conv, ["x", "w"]);
    graph.push("norm", BatchNormalization::default(), ["conv", "scale", "bias", "mean", "variance"]);
    graph.push("y", LeakyRelu { alpha: 0.2 }, ["norm"]);
    finish(graph, "y")
}

/// The end of a super-resolution network: PReLU, pixel shuffle, and the sum with the repeated image.
fn super_resolution(mode: DepthToSpaceMode) -> ValidGraph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(3));
    weight(&mut graph, "w", &[12, 3, 3, 3]);
    weight(&mut graph, "slope", &[12, 1, 1]);
    graph.push("conv", Conv::same(3, PadMode::Constant), ["x", "w"]);
    graph.push("bent", PRelu {}, ["conv", "slope"]);
    graph.push("shuffled", DepthToSpace { blocksize: 2, mode }, ["bent"]);
    graph.push("large", doubled(), ["x"]);
    graph.push("y", Add {}, ["shuffled", "large"]);
    finish(graph, "y")
}

/// The end of a residual block: normalisation by the image's own statistics, and the sum with the block's input.
fn residual() -> ValidGraph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(3));
    weight(&mut graph, "w", &[3, 3, 1, 1]);
    for name in ["scale", "bias"] {
        weight(&mut graph, name, &[3]);
    }
    graph.push("conv", Conv::default(), ["x", "w"]);
    graph.push("norm", InstanceNormalization::default(), ["conv", "scale", "bias"]);
    graph.push("bent", Relu {}, ["norm"]);
    graph.push("y", Add {}, ["x", "bent"]);
    finish(graph, "y")
}

/// Two convolutions, their sum, an activation: only one of the convolutions can take the sum.
fn two_convolutions() -> ValidGraph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(3));
    weight(&mut graph, "w", &[5, 3, 3, 3]);
    weight(&mut graph, "narrow", &[5, 3, 1, 1]);
    graph.push("conv", Conv::same(3, PadMode::Wrap), ["x", "w"]);
    graph.push("other", Conv::default(), ["x", "narrow"]);
    graph.push("sum", Add {}, ["conv", "other"]);
    graph.push("y", LeakyRelu { alpha: 0.2 }, ["sum"]);
    finish(graph, "y")
}

/// Compares the recording and the results.
fn check(graph: &ValidGraph, recording: &Expect, tolerance: f32) {
    let plan = Plan::new(graph, SIZE, PlanOptions::default()).unwrap();
    recording.assert_eq(&plan.output(0).to_string());
    agree(graph, tolerance);
}

/// Compares the results with those of one kernel per node.
fn agree(graph: &ValidGraph, tolerance: f32) {
    let Some(gpu) = gpu() else { return };
    let shape = [SIZE.batch, graph.graph().inputs[0].shape[1].bind(SIZE).unwrap(), SIZE.height, SIZE.width];
    let input = [Tensor::f32(shape, noise(shape.iter().product(), 3))];
    for target in [gpu.options().tuning.target, KernelTarget::Gpu] {
        let tuning = KernelTuning { target, ..gpu.options().tuning };
        let run = |fusion| {
            let gpu = gpu.with_options(PlanOptions { tuning, fusion, ..gpu.options() });
            gpu.run_graph(graph, &input, SIZE, RandomState::default()).unwrap()
        };
        let (fused, plain) = (run(Fusion::On), run(Fusion::Off));
        assert_eq!(fused[0].shape, plain[0].shape);
        let pairs = fused[0].as_f32().unwrap().iter().zip(plain[0].as_f32().unwrap());
        let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference <= tolerance, "{target:?}: {difference}");
    }
}

#[test]
fn up_sampling_and_padding_are_read_by_the_convolution() {
    check(
        &style(),
        &expect![[r#"
        conv: ops/blocked ACTIVATION_RELU BORDER_REFLECT QUADS=2 SLIDE, step 0, workgroups [4, 1, 1] from [0, 0, 0], 272160 FLOP, 23744 bytes, arena0[20224+3024] packed0[0+896] arena0[0+20160]
        1 passes, 272160 FLOP, 23744 bytes"#]],
        0.0,
    );
}

#[test]
fn known_statistics_go_into_the_weights() {
    check(
        &dcgan(),
        &expect![[r#"
        conv: ops/blocked ACTIVATION_LEAKY_RELU QUADS=2 SLIDE, step 0, workgroups [2, 1, 4] from [0, 0, 0], 193536 FLOP, 29760 bytes, arena0[24320+4032] packed0[0+2176] arena0[0+24192]
        1 passes, 193536 FLOP, 29760 bytes"#]],
        1e-6,
    );
}

#[test]
fn slopes_pixel_shuffle_and_sum_are_written_by_the_convolution() {
    check(
        &super_resolution(DepthToSpaceMode::Crd),
        &expect![[r#"
                large: ops/resize AXES_2 SINGLE TRAILING, step 0, workgroups [48, 1, 1] from [0, 0, 0], 6048 FLOP, 15120 bytes, arena0[24576+3024] packed0[0+188] arena0[0+12096]
                conv: ops/blocked ACTIVATION_LEAKY_RELU ADDEND QUADS=2 SLIDE SLOPES, step 0, workgroups [2, 2, 1] from [0, 0, 0], 163296 FLOP, 28512 bytes, arena0[24576+3024] packed0[256+1856] arena0[0+12096] arena0[12288+12096]
                2 passes, 169344 FLOP, 43632 bytes"#]],
        0.0,
    );
    agree(&super_resolution(DepthToSpaceMode::Dcr), 0.0);
}

#[test]
fn a_normalisation_applies_the_activation_and_adds() {
    check(
        &residual(),
        &expect![[r#"
            conv: ops/blocked QUADS=1, step 0, workgroups [2, 1, 1] from [0, 0, 0], 4536 FLOP, 6084 bytes, arena0[0+3024] packed0[0+64] arena0[3072+3024]
            norm: ops/normalization ACTIVATION_RELU ADDEND AXES_1 BIAS CENTERED COOPERATIVE SCALE, step 0, workgroups [6, 1, 1] from [0, 0, 0], 6048 FLOP, 9096 bytes, arena0[3072+3024] constants0[0+12] constants0[256+12] arena0[0+3024] arena0[6144+3024]
            2 passes, 10584 FLOP, 15180 bytes"#]],
        0.0,
    );
}

#[test]
fn one_of_two_convolutions_takes_their_sum() {
    let graph = two_convolutions();
    let plan = Plan::new(&graph, SIZE, PlanOptions::default()).unwrap();
    let recording = plan.output(0).to_string();
    let convolutions: Vec<&str> = recording.lines().filter(|line| line.contains("ops/blocked")).collect();
    assert_eq!(convolutions.len(), 2, "{recording}");
    assert_eq!(convolutions.iter().filter(|line| line.contains("ADDEND")).count(), 1, "{recording}");
    agree(&graph, 0.0);
}
