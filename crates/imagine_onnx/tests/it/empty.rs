//! Tensors without elements, as inputs, intermediate values and outputs.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::proto::NodeProto;

/// The graph of one node that reads `x`, which is empty.
fn reduced(op: &str) -> String {
    let axes = vec![list("axes", &[1])];
    let node = node(op, &["x", "axes"], "y", vec![int("keepdims", 0)]);
    let import = read(&model(18, &["2", "0", "3"], axes, vec![node])).unwrap_or_else(|error| panic!("{error}"));
    let weights = import.graph.weights.iter().map(|(name, tensor)| format!("{name}: {tensor:?}\n"));
    format!("{op}: {}{}", lines(&import.graph), weights.collect::<String>())
}

#[test]
fn reductions_of_no_elements() {
    let ops = ["ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceMin", "ReduceLogSumExp"];
    let text: String = ops.map(reduced).concat();
    expect![[r#"
        ReduceSum: y = Constant {"value":{"data":{"f32":[0.0,0.0,0.0,0.0,0.0,0.0]},"shape":[2,3]}} ()
        ReduceProd: y = Constant {"value":{"data":{"f32":[1.0,1.0,1.0,1.0,1.0,1.0]},"shape":[2,3]}} ()
        ReduceL1: y = Constant {"value":{"data":{"f32":[0.0,0.0,0.0,0.0,0.0,0.0]},"shape":[2,3]}} ()
        ReduceL2: y = Constant {"value":{"data":{"f32":[0.0,0.0,0.0,0.0,0.0,0.0]},"shape":[2,3]}} ()
        ReduceSumSquare: y = Constant {"value":{"data":{"f32":[0.0,0.0,0.0,0.0,0.0,0.0]},"shape":[2,3]}} ()
        ReduceMin: y: Tensor { shape: [2, 3], data: F32([inf, inf, inf, inf, inf, inf]) }
        ReduceLogSumExp: y: Tensor { shape: [2, 3], data: F32([-inf, -inf, -inf, -inf, -inf, -inf]) }
    "#]]
    .assert_eq(&text);
    let mean = model(18, &["2", "0"], vec![list("a", &[1])], vec![node("ReduceMean", &["x", "a"], "y", vec![])]);
    expect![[r#"node "y_node" (ReduceMean, opset 18): there are no elements to reduce"#]].assert_eq(&fault(&mean));
}

#[test]
fn parts_of_length_0_are_dropped() {
    let split = |lengths: &[i64]| {
        let split =
            NodeProto { output: vec!["a".into(), "b".into(), "c".into()], ..node("Split", &["x", "s"], "", vec![]) };
        let concat = node("Concat", &["a", "b", "c"], "y", vec![int("axis", 0)]);
        model(13, &["8"], vec![list("s", lengths)], vec![split, concat])
    };
    expect![[r#"
        y = Identity {} (x)
    "#]]
    .assert_eq(&graph(&split(&[8, 0, 0])));
    expect![[r#"
        a, c = Split {"split":[3,5]} (x)
        y = Concat {} (a, c)
    "#]]
    .assert_eq(&graph(&split(&[3, 0, 5])));
    expect![[r#"node "_node" (Split, opset 13): the parts do not add up to the length of the axis"#]]
        .assert_eq(&fault(&split(&[0, 0, 0])));
    expect![[r#"node "_node" (Split, opset 13): at batch 1, height 1, width 1: parameter "split" is [3, 6], expected positive lengths that sum to 8"#]].assert_eq(&fault(&split(&[3, 0, 6])));
}

#[test]
fn operators_that_need_elements_are_refused() {
    let weights = vec![weight("w", &[2, 3, 3, 3])];
    let transposed = model(11, &["1", "2", "0", "4"], weights, vec![node("ConvTranspose", &["x", "w"], "y", vec![])]);
    expect![[r#"node "y_node" (ConvTranspose, opset 11): input "x" has shape [1, 2, 0, 4], but tensors of a graph have 1 to 2^30 elements"#]].assert_eq(&fault(&transposed));
}

#[test]
fn an_output_without_elements_is_not_in_the_graph() {
    let weights = vec![list("s", &[9]), list("e", &[12])];
    let slice = node("Slice", &["x", "s", "e"], "y", vec![]);
    let import = read(&model(13, &["3", "4"], weights, vec![slice])).unwrap();
    assert!(import.graph.outputs.is_empty() && import.graph.nodes.is_empty());
    assert_eq!(import.outputs[0].shape, [0, 4].map(imagine_graph::Dim::Fixed));
    let read_on = |op: &str| {
        let nodes = vec![node("Slice", &["x", "s", "e"], "part", vec![]), node(op, &["part"], "y", vec![])];
        read(&model(13, &["3", "4"], vec![list("s", &[9]), list("e", &[12])], nodes)).unwrap().outputs[0].shape.clone()
    };
    assert_eq!(
        ["Relu", "Trilu", "Softmax"].map(read_on),
        [(); 3].map(|()| [0, 4].map(imagine_graph::Dim::Fixed).to_vec())
    );
}
