//! Concatenation in place: recordings, and equality to the bit with copies.

use expect_test::{Expect, expect};
use imagine_graph::rng::{self, RandomState};
use imagine_graph::{Concat, Conv, Dim, Graph, InputKind, OutputKind, PadMode, Sigmoid, Size, Tensor, ValidGraph};
use imagine_wgpu::{Fusion, Plan, PlanOptions};

use crate::common::{conv as conv_layer, doubled, gpu, noise, weight};

const SIZE: Size = Size { batch: 1, height: 16, width: 24 };

fn conv(graph: &mut Graph, name: &str, from: &str, channels: [usize; 2], stride: usize) {
    let conv = Conv { strides: vec![stride; 2], ..Conv::same(3, PadMode::Constant) };
    conv_layer(graph, name, from, channels, conv);
}

fn channels() -> Concat {
    Concat { axis: 1 }
}

/// A U-Net of two levels: decoders read the encoder's maps concatenated with the up-sampled ones.
fn unet() -> ValidGraph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(3));
    conv(&mut graph, "enter", "x", [3, 8], 1);
    conv(&mut graph, "half", "enter", [8, 16], 2);
    conv(&mut graph, "quarter", "half", [16, 16], 2);
    graph.push("up2", doubled(), ["quarter"]);
    graph.push("skip2", channels(), ["up2", "half"]);
    conv(&mut graph, "decode2", "skip2", [32, 8], 1);
    graph.push("up1", doubled(), ["decode2"]);
    graph.push("skip1", channels(), ["up1", "enter"]);
    conv(&mut graph, "decode1", "skip1", [16, 8], 1);
    weight(&mut graph, "w", &[3, 8, 1, 1]);
    graph.push("last", Conv::default(), ["decode1", "w"]);
    graph.push("y", Sigmoid {}, ["last"]);
    graph.output("y", OutputKind::Tensor);
    graph.validate().unwrap()
}

/// A dense block: every layer reads all previous ones; concatenations nest.
fn dense() -> Graph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(3));
    conv(&mut graph, "a", "x", [3, 4], 1);
    conv(&mut graph, "b", "a", [4, 4], 1);
    graph.push("ab", channels(), ["a", "b"]);
    conv(&mut graph, "c", "ab", [8, 4], 1);
    graph.push("abc", channels(), ["ab", "c"]);
    conv(&mut graph, "d", "abc", [12, 4], 1);
    graph.push("abcd", channels(), ["abc", "d"]);
    graph
}

fn check(graph: &ValidGraph, recording: &Expect) {
    let plan = Plan::new(graph, SIZE, PlanOptions::default()).unwrap();
    recording.assert_eq(&plan.output(0).to_string());
    agree(graph, SIZE);
}

/// Compares the outputs, to the bit, with those of one kernel per node.
fn agree(graph: &ValidGraph, size: Size) {
    let Some(gpu) = gpu() else { return };
    let bound = graph.bind(size).unwrap();
    let inputs = (0..graph.graph().inputs.len()).map(|index| {
        let shape = bound.value_type(graph.input(index)).shape.clone();
        Tensor::f32(shape.clone(), noise(shape.iter().product(), 3 + index as u32))
    });
    let inputs: Vec<Tensor> = inputs.collect();
    let run = |fusion| {
        let gpu = gpu.with_options(PlanOptions { fusion, ..gpu.options() });
        gpu.run_graph(graph, &inputs, size, RandomState::default()).unwrap()
    };
    assert_eq!(run(Fusion::On), run(Fusion::Off));
}

#[test]
fn a_unet_copies_nothing() {
    check(
        &unet(),
        &expect![[r#"
            enter.conv: ops/blocked ACTIVATION_RELU QUADS=2 SLIDE, step 0, workgroups [2, 1, 1] from [0, 0, 0], 165888 FLOP, 17760 bytes, arena0[36864+4608] packed0[0+896] arena0[12288+12288]
            half.conv: ops/blocked ACTIVATION_RELU QUADS=2, step 0, workgroups [1, 2, 1] from [0, 0, 0], 221184 FLOP, 23040 bytes, arena0[12288+12288] packed0[1024+4672] arena0[30720+6144]
            quarter.conv: ops/blocked ACTIVATION_RELU QUADS=2, step 0, workgroups [1, 2, 1] from [0, 0, 0], 110592 FLOP, 16896 bytes, arena0[30720+6144] packed0[5888+9280] arena0[41472+1536]
            up2: ops/resize AXES_2 SINGLE TRAILING, step 0, workgroups [24, 1, 1] from [0, 0, 0], 3072 FLOP, 7680 bytes, arena0[41472+1536] packed0[15360+84] arena0[24576+6144]
            decode2.conv: ops/blocked ACTIVATION_RELU QUADS=2 SLIDE, step 0, workgroups [1, 1, 1] from [0, 0, 0], 442368 FLOP, 24576 bytes, arena0[24576+12288] packed0[15616+9248] arena0[41472+3072]
            up1: ops/resize AXES_2 SINGLE TRAILING, step 0, workgroups [48, 1, 1] from [0, 0, 0], 6144 FLOP, 15360 bytes, arena0[41472+3072] packed0[25088+164] arena0[0+12288]
            decode1.conv: ops/blocked ACTIVATION_RELU QUADS=2 SLIDE, step 0, workgroups [2, 1, 1] from [0, 0, 0], 884736 FLOP, 41472 bytes, arena0[0+24576] packed0[25344+4640] arena0[24576+12288]
            last: ops/blocked ACTIVATION_SIGMOID QUADS=1, step 0, workgroups [2, 1, 1] from [0, 0, 0], 18432 FLOP, 16992 bytes, arena0[24576+12288] packed0[30208+144] arena0[0+4608]
            8 passes, 1852416 FLOP, 163776 bytes"#]],
    );
}

#[test]
fn nested_concatenations_copy_nothing() {
    let mut graph = dense();
    graph.output("abcd", OutputKind::Tensor);
    check(
        &graph.validate().unwrap(),
        &expect![[r#"
        a.conv: ops/blocked ACTIVATION_RELU QUADS=1 SLIDE, step 0, workgroups [2, 1, 1] from [0, 0, 0], 82944 FLOP, 11184 bytes, arena0[24576+4608] packed0[0+448] arena0[0+6144]
        b.conv: ops/blocked ACTIVATION_RELU QUADS=1 SLIDE, step 0, workgroups [2, 1, 1] from [0, 0, 0], 110592 FLOP, 12864 bytes, arena0[0+6144] packed0[512+592] arena0[6144+6144]
        c.conv: ops/blocked ACTIVATION_RELU QUADS=1 SLIDE, step 0, workgroups [2, 1, 1] from [0, 0, 0], 221184 FLOP, 19584 bytes, arena0[0+12288] packed0[1280+1168] arena0[12288+6144]
        d.conv: ops/blocked ACTIVATION_RELU QUADS=1 SLIDE, step 0, workgroups [2, 1, 1] from [0, 0, 0], 331776 FLOP, 26304 bytes, arena0[0+18432] packed0[2560+1744] arena0[18432+6144]
        4 passes, 746496 FLOP, 69936 bytes"#]],
    );
}

#[test]
fn operands_that_cannot_move_are_copied() {
    let mut graph = dense();
    weight(&mut graph, "known", &[1, 4, 16, 24]);
    // An input, a weight, a repeated operand, and one that is already in another concatenation.
    graph.push("mixed", channels(), ["x", "known", "d", "d", "a"]);
    graph.push("rows", Concat { axis: 2 }, ["d", "a"]);
    for output in ["abcd", "mixed", "rows", "b"] {
        graph.output(output, OutputKind::Tensor);
    }
    let graph = graph.validate().unwrap();
    let plan = Plan::new(&graph, SIZE, PlanOptions::default()).unwrap();
    let copies = plan.output(0).passes.iter().filter(|pass| pass.call.pipeline.shader == "ops/concat").count();
    assert_eq!(copies, 7);
    agree(&graph, SIZE);
}

#[test]
fn images_of_a_batch_are_copied() {
    agree(&unet(), Size { batch: 2, ..SIZE });
    let mut graph = dense();
    graph.output("abcd", OutputKind::Tensor);
    // Maps of 63 elements do not begin at the alignment of bindings.
    for size in [Size { batch: 3, ..SIZE }, Size::new(7, 9)] {
        agree(&graph.clone().validate().unwrap(), size);
    }
}

/// Random networks of convolutions and concatenations of earlier values.
#[test]
fn random_networks_keep_every_bit() {
    for seed in 0..40 {
        let random = |index: u32, count: usize| rng::cell(index, 0, 0, rng::key(seed, 9, 0))[0] as usize % count;
        let mut graph = Graph::default();
        graph.input("x", InputKind::Tensor, Dim::nchw(4));
        let mut made: Vec<(String, usize)> = vec![("x".into(), 4)];
        for step in 0..10 {
            let name = format!("n{step}");
            let pick = |k: u32| made[made.len() - 1 - random(100 * step + k, made.len().min(5))].clone();
            if random(100 * step, 2) == 0 {
                let (from, channels) = pick(1);
                let to = 4 * (1 + random(100 * step + 2, 3));
                conv(&mut graph, &name, &from, [channels, to], 1);
                made.push((name, to));
            } else {
                let parts: Vec<_> = (0..2 + random(100 * step + 3, 2) as u32).map(|k| pick(4 + k)).collect();
                graph.push(&name, channels(), parts.iter().map(|(part, _)| part.as_str()));
                made.push((name, parts.iter().map(|(_, count)| count).sum()));
            }
        }
        for (name, _) in made.iter().skip(1).rev().step_by(4) {
            graph.output(name, OutputKind::Tensor);
        }
        agree(&graph.validate().unwrap(), Size::new(8, 8));
    }
}
