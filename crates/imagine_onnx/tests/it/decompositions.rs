//! Decomposed operators and outputs; infinite constants become weights.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::proto::{ModelProto, NodeProto, TensorProto};

/// A node that writes `outputs`, and a model whose outputs they are.
fn several(opset: i64, x: &[&str], weights: Vec<TensorProto>, node: NodeProto, outputs: &[&str]) -> ModelProto {
    let output = outputs.iter().map(|name| name.to_string()).collect();
    let mut model = model(opset, x, weights, vec![NodeProto { output, ..node }]);
    let graph = model.graph.as_mut().expect("there is a graph");
    graph.output = outputs.iter().filter(|name| !name.is_empty()).map(|name| value(name, &[])).collect();
    model
}

#[test]
fn a_layer_normalization_also_gives_mean_and_deviation() {
    let scale = || vec![weight("scale", &[6])];
    let norm = || node("LayerNormalization", &["x", "scale"], "", vec![float("epsilon", 0.5)]);
    for (outputs, expected) in [
        (
            &["y"][..],
            expect![[r#"
            y = LayerNormalization {"epsilon":0.5} (x, scale)
        "#]],
        ),
        (
            &["y", "mean"],
            expect![[r#"
            y = LayerNormalization {"epsilon":0.5} (x, scale)
            mean = ReduceMean {"axes":[1]} (x)
        "#]],
        ),
        (
            &["y", "", "deviation"],
            expect![[r#"
            y = LayerNormalization {"epsilon":0.5} (x, scale)
            _node_1.0 = ReduceMean {"axes":[1]} (x)
            _node_2.0 = Sub {} (x, _node_1.0)
            _node_3.0 = Mul {} (_node_2.0, _node_2.0)
            _node_4.0 = ReduceMean {"axes":[1]} (_node_3.0)
            constant = Constant {"value":{"data":{"f32":[0.5]},"shape":[]}} ()
            _node_5.0 = Add {} (_node_4.0, constant)
            _node_6.0 = Sqrt {} (_node_5.0)
            deviation = Reciprocal {} (_node_6.0)
        "#]],
        ),
    ] {
        expected.assert_eq(&graph(&several(17, &["n", "6"], scale(), norm(), outputs)));
    }
}

#[test]
fn pools_of_all_elements_and_of_bytes() {
    let global =
        |p| model(22, &["n", "4", "h", "w"], vec![], vec![node("GlobalLpPool", &["x"], "y", vec![int("p", p)])]);
    let text: String = [1, 2, 3].map(global).iter().map(graph).collect();
    expect![[r#"
        y = ReduceL1 {"axes":[2,3],"noop_with_empty_axes":true} (x)
        y = ReduceL2 {"axes":[2,3],"noop_with_empty_axes":true} (x)
        y_node.0 = Abs {} (x)
        constant = Constant {"value":{"data":{"f32":[3.0]},"shape":[]}} ()
        y_node_1.0 = Pow {} (y_node.0, constant)
        y_node_2.0 = ReduceSum {"axes":[2,3],"noop_with_empty_axes":true} (y_node_1.0)
        constant_1 = Constant {"value":{"data":{"f32":[0.3333333432674408]},"shape":[]}} ()
        y = Pow {} (y_node_2.0, constant_1)
    "#]]
    .assert_eq(&text);
    let mut bytes = model(12, &["1", "1", "5", "5"], vec![], vec![]);
    let pool = node("MaxPool", &["x"], "y", vec![ints("kernel_shape", &[2, 2]), int("storage_order", 1)]);
    let whole = bytes.graph.as_mut().expect("there is a graph");
    whole.node = vec![pool];
    let tensor = whole.input[0].r#type.as_mut().and_then(|t| t.tensor_type.as_mut()).expect("a tensor");
    tensor.elem_type = 2;
    expect![[r#"
        y_node.0 = Cast {} (x)
        y_node_1.0 = MaxPool {"kernel_shape":[2,2]} (y_node.0)
        y = Cast {"to":"i32"} (y_node_1.0)
    "#]]
    .assert_eq(&graph(&bytes));
}

#[test]
fn an_identity_like_another_tensor() {
    let eye = |attributes| model(22, &["3", "4"], vec![], vec![node("EyeLike", &["x"], "y", attributes)]);
    expect![[r#"
        constant = Constant {"value":{"data":{"f32":[1.0]},"shape":[]}} ()
        y_node.0 = Expand {"shape":[3,4]} (constant)
        y_node_1.0 = Trilu {} (y_node.0)
        y = Trilu {"upper":false} (y_node_1.0)
    "#]]
    .assert_eq(&graph(&eye(vec![])));
    expect![[r#"
        constant = Constant {"value":{"data":{"i32":[1]},"shape":[]}} ()
        y_node.0 = Expand {"shape":[3,4]} (constant)
        y_node_1.0 = Trilu {"k":-1} (y_node.0)
        y = Trilu {"k":-1,"upper":false} (y_node_1.0)
    "#]]
    .assert_eq(&graph(&eye(vec![int("k", -1), int("dtype", 7)])));
}

#[test]
fn an_infinite_constant_is_a_weight() {
    let mut never = weight("", &[]);
    never.float_data = vec![f32::NEG_INFINITY];
    let nodes =
        vec![node("Constant", &[], "never", vec![tensor("value", never)]), node("Max", &["x", "never"], "y", vec![])];
    let import = read(&model(13, &["n", "6"], vec![], nodes)).unwrap();
    assert_eq!(import.graph.weights["never"].as_f32(), Some(&[f32::NEG_INFINITY][..]));
    expect![[r#"
        y = Max {} (x, never)
    "#]]
    .assert_eq(&lines(&import.graph));
}
