//! Nodes of opset 1 to 6 are updated.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::proto::AttributeProto;

const IMAGE: [&str; 4] = ["n", "4", "h", "w"];

fn alone(opset: i64, op: &str, attributes: Vec<AttributeProto>) -> imagine_onnx::proto::ModelProto {
    model(opset, &IMAGE, vec![], vec![node(op, &["x"], "y", attributes)])
}

#[test]
fn removed_attributes() {
    let consumed = || ints("consumed_inputs", &[1, 0]);
    let models = [
        alone(1, "Relu", vec![consumed()]),
        alone(1, "Selu", vec![consumed()]),
        alone(6, "Selu", vec![]),
        alone(1, "Cast", vec![text("to", "INT32")]),
        alone(1, "Reshape", vec![ints("shape", &[0, -1]), consumed()]),
        alone(1, "Pad", vec![ints("paddings", &[0, 0, 1, 2, 0, 0, 3, 4])]),
        alone(1, "Upsample", vec![float("height_scale", 2.0), float("width_scale", 3.0)]),
        alone(1, "LpPool", vec![float("p", 3.0), ints("kernel_shape", &[2, 2])]),
        alone(6, "Dropout", vec![int("is_test", 1)]),
        model(1, &IMAGE, vec![], vec![node("Concat", &["x", "x"], "y", vec![])]),
    ];
    let text: String = models.iter().map(graph).collect();
    expect![[r#"
        y = Relu {} (x)
        y = Selu {"alpha":1.673200011253357,"gamma":1.0506999492645264} (x)
        y = Selu {} (x)
        y = Cast {"to":"i32"} (x)
        y = Reshape {"infer":1,"shape":["batch",1]} (x)
        y = Pad {"pads":[0,0,1,2,0,0,3,4]} (x)
        y = Resize {"coordinate_transformation_mode":"asymmetric","nearest_mode":"floor","scales":[2.0,3.0]} (x)
        y = LpPool {"kernel_shape":[2,2],"p":3} (x)
        y = Identity {} (x)
        y = Concat {"axis":1} (x, x)
    "#]]
    .assert_eq(&text);
}

#[test]
fn changed_operands() {
    let slope = model(6, &IMAGE, vec![weight("slope", &[4])], vec![node("PRelu", &["x", "slope"], "y", vec![])]);
    let weights = vec![number("tiles", 3), number("axis", 1)];
    let tile = model(1, &IMAGE, weights, vec![node("Tile", &["x", "tiles", "axis"], "y", vec![])]);
    let weights = vec![weight("b", &[5, 3]), weight("c", &[3])];
    let gemm = node("Gemm", &["x", "b", "c"], "y", vec![int("broadcast", 1)]);
    let gemm = model(6, &["2", "5"], weights, vec![gemm]);
    let weights = vec![weight("b", &[4, 1])];
    let add = node("Add", &["x", "b"], "y", vec![int("broadcast", 1), int("axis", 1)]);
    let add = model(6, &IMAGE, weights, vec![add]);
    let text: String = [slope, tile, gemm, add].iter().map(graph).collect();
    expect![[r#"
        y_node.0 = Unsqueeze {"axes":[1,2]} (slope)
        y = PRelu {} (x, y_node.0)
        y = Tile {"repeats":[1,3,1,1]} (x)
        y = Gemm {} (x, b, c)
        y_node.0 = Unsqueeze {"axes":[2]} (b)
        y = Add {} (x, y_node.0)
    "#]]
    .assert_eq(&text);
}

#[test]
fn invalid_forms_are_refused() {
    let faults = [
        alone(6, "Dropout", vec![]),
        alone(1, "Cast", vec![text("to", "STRING")]),
        alone(1, "LpPool", vec![float("p", 2.5), ints("kernel_shape", &[2, 2])]),
        alone(7, "Relu", vec![ints("consumed_inputs", &[1])]),
        model(
            1,
            &IMAGE,
            vec![number("axis", 9), number("tiles", 2)],
            vec![node("Tile", &["x", "tiles", "axis"], "y", vec![])],
        ),
    ];
    let text: Vec<String> = faults.iter().map(fault).collect();
    expect![[r#"
        node "y_node" (Dropout, opset 6): is in training mode (is_test is 0): export the model for inference
        node "y_node" (Cast, opset 1): attribute "to" is "STRING", which is not supported
        node "y_node" (LpPool, opset 1): attribute "p" must be a whole number
        node "y_node" (Relu, opset 7): Relu: unknown field `consumed_inputs`, there are no fields
        node "y_node" (Tile, opset 1): attribute "axis" must lie in 0..4"#]]
    .assert_eq(&text.join("\n"));
}
