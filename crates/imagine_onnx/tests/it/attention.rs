//! `Attention` becomes matrix products and a softmax.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::proto::{AttributeProto, ModelProto};

fn of(x: &[&str], inputs: &[&str], attributes: Vec<AttributeProto>) -> ModelProto {
    let mut model = model(23, x, vec![], vec![node("Attention", inputs, "y", attributes)]);
    let graph = model.graph.as_mut().expect("there is a graph");
    graph.input.push(value("mask", &["6", "4"]));
    model
}

#[test]
fn heads_with_a_causal_mask() {
    let attention = of(&["n", "2", "6", "4"], &["x", "x", "x"], vec![int("is_causal", 1), float("scale", 4.0)]);
    expect![[r#"
        constant = Constant {"value":{"data":{"f32":[2.0]},"shape":[]}} ()
        y_node.0 = Mul {} (x, constant)
        y_node_1.0 = Mul {} (x, constant)
        y_node_2.0 = Transpose {"perm":[0,1,3,2]} (y_node_1.0)
        y_node_3.0 = MatMul {} (y_node.0, y_node_2.0)
        positions = Constant {"value":{"data":{"i32":[0,1,2,3,4,5]},"shape":[6]}} ()
        y_node_4.0 = Unsqueeze {"axes":[1]} (positions)
        positions_1 = Constant {"value":{"data":{"i32":[0,1,2,3,4,5]},"shape":[6]}} ()
        y_node_5.0 = LessOrEqual {} (positions_1, y_node_4.0)
        y_node_6.0 = Where {} (y_node_5.0, y_node_3.0, constant_1)
        y_node_7.0 = Softmax {} (y_node_6.0)
        y_node_8.0 = MatMul {} (y_node_7.0, x)
        y = Identity {} (y_node_8.0)
    "#]]
    .assert_eq(&graph(&attention));
}

#[test]
fn rows_with_a_short_mask_and_shared_keys() {
    let heads = vec![int("q_num_heads", 4), int("kv_num_heads", 2), float("softcap", 2.0)];
    let mut attention = of(&["n", "6", "8"], &["x", "k", "k", "mask"], heads);
    attention.graph.as_mut().expect("there is a graph").input.push(value("k", &["n", "6", "4"]));
    expect![[r#"
        y_node.0 = Reshape {"shape":["batch",6,4,2]} (x)
        y_node_1.0 = Transpose {"perm":[0,2,1,3]} (y_node.0)
        y_node_2.0 = Reshape {"shape":["batch",6,2,2]} (k)
        y_node_3.0 = Transpose {"perm":[0,2,1,3]} (y_node_2.0)
        y_node_4.0 = Reshape {"shape":["batch",6,2,2]} (k)
        y_node_5.0 = Transpose {"perm":[0,2,1,3]} (y_node_4.0)
        constant = Constant {"value":{"data":{"f32":[0.8408964276313782]},"shape":[]}} ()
        y_node_6.0 = Mul {} (y_node_1.0, constant)
        y_node_7.0 = Mul {} (y_node_3.0, constant)
        y_node_8.0 = Unsqueeze {"axes":[2]} (y_node_7.0)
        y_node_9.0 = Expand {"shape":[1,1,2,1,1]} (y_node_8.0)
        y_node_10.0 = Reshape {"shape":["batch",4,6,2]} (y_node_9.0)
        y_node_11.0 = Unsqueeze {"axes":[2]} (y_node_5.0)
        y_node_12.0 = Expand {"shape":[1,1,2,1,1]} (y_node_11.0)
        y_node_13.0 = Reshape {"shape":["batch",4,6,2]} (y_node_12.0)
        y_node_14.0 = Transpose {"perm":[0,1,3,2]} (y_node_10.0)
        y_node_15.0 = MatMul {} (y_node_6.0, y_node_14.0)
        constant_1 = Constant {"value":{"data":{"f32":[2.0]},"shape":[]}} ()
        y_node_16.0 = Div {} (y_node_15.0, constant_1)
        y_node_17.0 = Tanh {} (y_node_16.0)
        y_node_18.0 = Mul {} (y_node_17.0, constant_1)
        y_node_19.0 = Expand {"shape":[6,2]} (constant_2)
        y_node_20.0 = Concat {"axis":-1} (mask, y_node_19.0)
        y_node_21.0 = Add {} (y_node_18.0, y_node_20.0)
        y_node_22.0 = Softmax {} (y_node_21.0)
        y_node_23.0 = MatMul {} (y_node_22.0, y_node_13.0)
        y_node_24.0 = Transpose {"perm":[0,2,1,3]} (y_node_23.0)
        y_node_25.0 = Reshape {"shape":["batch",6,8]} (y_node_24.0)
        y = Identity {} (y_node_25.0)
    "#]]
    .assert_eq(&graph(&attention));
}

#[test]
fn heads_that_do_not_divide() {
    let faults = [
        of(&["n", "6", "8"], &["x", "x", "x"], vec![int("q_num_heads", 3), int("kv_num_heads", 3)]),
        of(&["n", "6", "8"], &["x", "x", "x"], vec![]),
        of(&["n", "6"], &["x", "x", "x"], vec![]),
        of(&["n", "2", "6", "4"], &["x", "x", "x"], vec![int("qk_matmul_output_mode", 4)]),
    ];
    expect![[r#"
        node "y_node" (Attention, opset 23): attribute "q_num_heads, kv_num_heads" must divide 8
        node "y_node" (Attention, opset 23): attribute "q_num_heads, kv_num_heads" must divide 8
        node "y_node" (Attention, opset 23): needs Q, K and V of rank 3 or 4
        node "y_node" (Attention, opset 23): attribute "qk_matmul_output_mode" must be 0 to 3"#]]
    .assert_eq(&faults.map(|model| fault(&model)).join("\n"));
}
