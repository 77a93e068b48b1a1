//! `TopK`, `Col2Im` and padding with infinities.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::proto::{AttributeProto, ModelProto, NodeProto};

fn top_k(x: &[&str], k: i64, attributes: Vec<AttributeProto>) -> ModelProto {
    let top = node("TopK", &["x", "k"], "", attributes);
    let top = NodeProto { output: vec!["y".into(), "indices".into()], ..top };
    let mut model = model(11, x, vec![list("k", &[k])], vec![top]);
    model.graph.as_mut().expect("there is a graph").output.push(value("indices", &[]));
    model
}

#[test]
fn an_element_is_ranked_by_counting() {
    expect![[r#"
        _node.0 = Unsqueeze {"axes":[-1]} (x)
        _node_1.0 = Unsqueeze {"axes":[-2]} (x)
        _node_2.0 = Greater {} (_node_1.0, _node.0)
        _node_3.0 = Equal {} (_node_1.0, _node.0)
        positions = Constant {"value":{"data":{"i32":[0,1,2,3,4]},"shape":[5]}} ()
        _node_4.0 = Unsqueeze {"axes":[-1]} (positions)
        _node_5.0 = Unsqueeze {"axes":[-2]} (positions)
        _node_6.0 = Less {} (_node_5.0, _node_4.0)
        _node_7.0 = And {} (_node_3.0, _node_6.0)
        _node_8.0 = Or {} (_node_2.0, _node_7.0)
        _node_9.0 = Cast {"to":"i32"} (_node_8.0)
        _node_10.0 = ReduceSum {"axes":[-1],"keepdims":false} (_node_9.0)
        _node_11.0 = Expand {"shape":["batch",5]} (positions)
        _node_12.0 = ScatterElements {"axis":-1} (x, _node_10.0, x)
        y = Slice {"axes":[1],"ends":[2],"starts":[0]} (_node_12.0)
        _node_14.0 = ScatterElements {"axis":-1} (_node_11.0, _node_10.0, _node_11.0)
        indices = Slice {"axes":[1],"ends":[2],"starts":[0]} (_node_14.0)
    "#]]
    .assert_eq(&graph(&top_k(&["n", "5"], 2, vec![])));
    expect![[r#"
        _node.0 = Transpose {"perm":[0,2,1]} (x)
        _node_1.0 = Unsqueeze {"axes":[-1]} (_node.0)
        _node_2.0 = Unsqueeze {"axes":[-2]} (_node.0)
        _node_3.0 = Less {} (_node_2.0, _node_1.0)
        _node_4.0 = Equal {} (_node_2.0, _node_1.0)
        positions = Constant {"value":{"data":{"i32":[0,1,2,3]},"shape":[4]}} ()
        _node_5.0 = Unsqueeze {"axes":[-1]} (positions)
        _node_6.0 = Unsqueeze {"axes":[-2]} (positions)
        _node_7.0 = Less {} (_node_6.0, _node_5.0)
        _node_8.0 = And {} (_node_4.0, _node_7.0)
        _node_9.0 = Or {} (_node_3.0, _node_8.0)
        _node_10.0 = Cast {"to":"i32"} (_node_9.0)
        _node_11.0 = ReduceSum {"axes":[-1],"keepdims":false} (_node_10.0)
        _node_12.0 = Expand {"shape":["batch",5,4]} (positions)
        _node_13.0 = ScatterElements {"axis":-1} (_node.0, _node_11.0, _node.0)
        _node_14.0 = Transpose {"perm":[0,2,1]} (_node_13.0)
        y = Slice {"axes":[1],"ends":[9223372036854775807],"starts":[0]} (_node_14.0)
        _node_16.0 = ScatterElements {"axis":-1} (_node_12.0, _node_11.0, _node_12.0)
        _node_17.0 = Transpose {"perm":[0,2,1]} (_node_16.0)
        indices = Slice {"axes":[1],"ends":[9223372036854775807],"starts":[0]} (_node_17.0)
    "#]]
    .assert_eq(&graph(&top_k(&["n", "4", "5"], 4, vec![int("axis", 1), int("largest", 0)])));
    let faults = [top_k(&["n", "5"], 6, vec![]), top_k(&["n", "5"], 1, vec![int("axis", 2)])];
    expect![[r#"
        node "_node" (TopK, opset 11): attribute "k" must be 1 to 5, along an axis of at most 8192
        node "_node" (TopK, opset 11): attribute "axis" must lie in -2..2"#]]
    .assert_eq(&faults.map(|model| fault(&model)).join("\n"));
}

#[test]
fn col2im_is_a_transposed_convolution() {
    let blocks = |image: &[i64], strides: &[i64]| {
        let weights = vec![list("image", image), list("block", &[2, 1])];
        let node = node("Col2Im", &["x", "image", "block"], "y", vec![ints("strides", strides)]);
        model(18, &["n", "4", "6"], weights, vec![node])
    };
    let import = read(&blocks(&[5, 3], &[2, 1])).unwrap();
    expect![[r#"
        y_node.0 = Reshape {"shape":["batch",4,2,3]} (x)
        y = ConvTranspose {"dilations":[1,1],"group":2,"output_padding":[1,0],"pads":[0,0,0,0],"strides":[2,1]} (y_node.0, blocks)
    "#]].assert_eq(&lines(&import.graph));
    assert_eq!(import.graph.weights["blocks"].as_f32(), Some(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0][..]));
    let faults = [blocks(&[5, 3], &[0, 1]), blocks(&[1, 3], &[1, 1]), blocks(&[5], &[1]), blocks(&[-5, 3], &[1, 1])];
    expect![[r#"
        node "y_node" (Col2Im, opset 18): attribute "block_shape" must divide dimension 1, which is 4, and strides must not be 0
        node "y_node" (Col2Im, opset 18): attribute "block_shape" must fit into the image
        node "y_node" (Col2Im, opset 18): attribute "block_shape" must be 1 integers of 0 to 16384
        node "y_node" (Col2Im, opset 18): attribute "image_shape" must be 2 integers of 0 to 16384"#]]
    .assert_eq(&faults.map(|model| fault(&model)).join("\n"));
}

#[test]
fn padding_with_infinity_selects_by_a_mask() {
    let mut never = weight("v", &[]);
    never.float_data = vec![f32::NEG_INFINITY];
    let pad = node("Pad", &["x", "p", "v"], "y", vec![]);
    let import = read(&model(13, &["n", "6"], vec![list("p", &[0, 1, 0, 2]), never], vec![pad])).unwrap();
    expect![[r#"
        constant = Constant {"value":{"data":{"bool":[true]},"shape":[]}} ()
        y_node.0 = Expand {"shape":["batch",6]} (constant)
        y_node_1.0 = Pad {"pads":[0,1,0,2]} (y_node.0)
        y_node_2.0 = Pad {"pads":[0,1,0,2]} (x)
        y = Where {} (y_node_1.0, y_node_2.0, constant_1)
    "#]]
    .assert_eq(&lines(&import.graph));
    assert_eq!(import.graph.weights.values().next().and_then(|w| w.as_f32()), Some(&[f32::NEG_INFINITY][..]));
}

#[test]
fn lists_of_indices_are_bounded() {
    let long = ["1", "1000000000"];
    let mut faults = [
        model(13, &long, vec![], vec![node("Hardmax", &["x"], "y", vec![])]),
        top_k(&long, 2, vec![]),
        model(
            23,
            &["1", "1", "1", "1000000000"],
            vec![],
            vec![
                node("Transpose", &["x"], "k", vec![ints("perm", &[0, 1, 3, 2])]),
                node("Slice", &["x", "s", "e", "a"], "q", vec![]),
                node("Attention", &["q", "k", "k"], "y", vec![int("is_causal", 1)]),
            ],
        ),
    ];
    let weights = vec![list("s", &[0]), list("e", &[1]), list("a", &[3])];
    faults[2].graph.as_mut().expect("there is a graph").initializer = weights;
    expect![[r#"
        node "y_node" (Hardmax, opset 13): counts along an axis of more than 65536 elements
        node "_node" (TopK, opset 11): attribute "k" must be 1 to 1000000000, along an axis of at most 8192
        node "y_node" (Attention, opset 23): counts along an axis of more than 65536 elements"#]]
    .assert_eq(&faults.map(|model| fault(&model)).join("\n"));
}
