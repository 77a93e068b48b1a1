//! ONNX functions by their formula, and `Einsum` of three operands.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::proto::AttributeProto;

fn of(op: &str, opset: i64, attributes: Vec<AttributeProto>) -> String {
    graph(&model(opset, &["n", "4", "h", "w"], vec![], vec![node(op, &["x"], "y", attributes)]))
}

#[test]
fn elementwise() {
    let text = [
        of("Celu", 12, vec![float("alpha", 2.0)]),
        of("Shrink", 9, vec![float("lambd", 0.25)]),
        of("IsNaN", 20, vec![]),
        of("IsInf", 20, vec![int("detect_positive", 0)]),
        of("Atanh", 9, vec![]),
    ]
    .concat();
    expect![[r#"
        constant = Constant {"value":{"data":{"f32":[2.0]},"shape":[]}} ()
        y_node.0 = Div {} (x, constant)
        y_node_1.0 = Elu {} (y_node.0)
        y = Mul {} (y_node_1.0, constant)
        constant = Constant {"value":{"data":{"f32":[-0.25]},"shape":[]}} ()
        y_node.0 = Less {} (x, constant)
        constant_1 = Constant {"value":{"data":{"f32":[0.25]},"shape":[]}} ()
        y_node_1.0 = Greater {} (x, constant_1)
        constant_2 = Constant {} ()
        y_node_2.0 = Add {} (x, constant_2)
        y_node_3.0 = Sub {} (x, constant_2)
        constant_3 = Constant {} ()
        y_node_4.0 = Where {} (y_node_1.0, y_node_3.0, constant_3)
        y = Where {} (y_node.0, y_node_2.0, y_node_4.0)
        y_node.0 = Equal {} (x, x)
        y = Not {} (y_node.0)
        y = Equal {} (x, constant)
        constant = Constant {"value":{"data":{"f32":[1.0]},"shape":[]}} ()
        y_node.0 = Add {} (constant, x)
        y_node_1.0 = Sub {} (constant, x)
        y_node_2.0 = Div {} (y_node.0, y_node_1.0)
        y_node_3.0 = Log {} (y_node_2.0)
        constant_1 = Constant {"value":{"data":{"f32":[0.5]},"shape":[]}} ()
        y = Mul {} (y_node_3.0, constant_1)
    "#]]
    .assert_eq(&text);
}

#[test]
fn along_an_axis() {
    expect![[r#"
        y_node.0 = ArgMax {"axis":1} (x)
        positions = Constant {"value":{"data":{"i32":[0,1,2,3]},"shape":[4]}} ()
        y_node_1.0 = Unsqueeze {"axes":[1,2]} (positions)
        y_node_2.0 = Equal {} (y_node.0, y_node_1.0)
        y = Cast {} (y_node_2.0)
    "#]]
    .assert_eq(&of("Hardmax", 13, vec![int("axis", 1)]));
    expect![[r#"
        y_node.0 = Flatten {} (x)
        y_node_1.0 = ArgMax {"axis":-1} (y_node.0)
        positions = Constant {"value":{"data":{"i32":[0,1,2,3,4,5,6,7,8,9,10,11]},"shape":[12]}} ()
        y_node_2.0 = Equal {} (y_node_1.0, positions)
        y_node_3.0 = Cast {} (y_node_2.0)
        y = Reshape {"shape":[2,3,4]} (y_node_3.0)
    "#]]
    .assert_eq(&graph(&model(11, &["2", "3", "4"], vec![], vec![node("Hardmax", &["x"], "y", vec![])])));
    expect![[r#"
        y_node.0 = Mul {} (x, x)
        y_node_1.0 = Unsqueeze {"axes":[1]} (y_node.0)
        y_node_2.0 = AveragePool {"count_include_pad":true,"kernel_shape":[4,1,1],"pads":[1,0,0,2,0,0]} (y_node_1.0)
        y_node_3.0 = Squeeze {"axes":[1]} (y_node_2.0)
        constant = Constant {"value":{"data":{"f32":[0.00009999999747378752]},"shape":[]}} ()
        y_node_4.0 = Mul {} (y_node_3.0, constant)
        constant_1 = Constant {"value":{"data":{"f32":[1.0]},"shape":[]}} ()
        y_node_5.0 = Add {} (y_node_4.0, constant_1)
        constant_2 = Constant {"value":{"data":{"f32":[0.75]},"shape":[]}} ()
        y_node_6.0 = Pow {} (y_node_5.0, constant_2)
        y = Div {} (x, y_node_6.0)
    "#]]
    .assert_eq(&of("LRN", 13, vec![int("size", 4)]));
    let weights = vec![number("depth", 3), weight("values", &[2])];
    let one_hot = node("OneHot", &["x", "depth", "values"], "y", vec![int("axis", 1)]);
    expect![[r#"
        y_node.0 = Cast {"to":"i32"} (x)
        y_node_1.0 = Unsqueeze {"axes":[1]} (y_node.0)
        constant = Constant {"value":{"data":{"i32":[3]},"shape":[]}} ()
        y_node_2.0 = Add {} (y_node_1.0, constant)
        constant_1 = Constant {"value":{"data":{"i32":[0]},"shape":[]}} ()
        y_node_3.0 = Less {} (y_node_1.0, constant_1)
        y_node_4.0 = Where {} (y_node_3.0, y_node_2.0, y_node_1.0)
        positions = Constant {"value":{"data":{"i32":[0,1,2]},"shape":[3]}} ()
        y_node_5.0 = Unsqueeze {"axes":[1]} (positions)
        y_node_6.0 = Equal {} (y_node_4.0, y_node_5.0)
        y_node_7.0 = Slice {"axes":[0],"ends":[1],"starts":[0]} (values)
        y_node_8.0 = Slice {"axes":[0],"ends":[2],"starts":[1]} (values)
        y = Where {} (y_node_6.0, y_node_8.0, y_node_7.0)
    "#]]
    .assert_eq(&graph(&model(11, &["n", "5"], weights, vec![one_hot])));
}

#[test]
fn three_operands() {
    let sum = |equation: &str| {
        let weights = vec![weight("a", &[3, 4]), weight("b", &[2, 4])];
        model(12, &["2", "3"], weights, vec![node("Einsum", &["x", "a", "b"], "y", vec![text("equation", equation)])])
    };
    expect![[r#"
        y_node.0 = Einsum {"equation":"bi,ij->bj"} (x, a)
        y = Einsum {"equation":"bj,bj->b"} (y_node.0, b)
    "#]]
    .assert_eq(&graph(&sum("bi, ij, bj -> b")));
    expect![[r#"
        y_node.0 = Einsum {"equation":"bi,ij->bj"} (x, a)
        y = Einsum {"equation":"bj,bj->"} (y_node.0, b)
    "#]]
    .assert_eq(&graph(&sum("bi,ij,bj")));
    expect![[r#"node "y_node" (Einsum, opset 12): attribute "equation" must have one term for each input, and no ellipsis with three or more inputs"#]].assert_eq(&fault(&sum("...i,ij,bj->b")));
}

#[test]
fn impossible_evaluations_are_refused() {
    let weights = vec![number("depth", -3), weight("values", &[2])];
    let one_hot = node("OneHot", &["x", "depth", "values"], "y", vec![]);
    let unknown = node("Atanh", &["x"], "y", vec![int("axis", 1)]);
    let image = ["n", "4", "h", "w"];
    let faults = [
        model(11, &["n", "5"], weights, vec![one_hot]),
        model(13, &image, vec![], vec![node("LRN", &["x"], "y", vec![])]),
        model(13, &image, vec![], vec![node("Hardmax", &["x"], "y", vec![int("axis", 4)])]),
        model(13, &image, vec![], vec![unknown]),
    ];
    expect![[r#"
        node "y_node" (OneHot, opset 11): attribute "depth" must be a whole number of 1 to 65536
        node "y_node" (LRN, opset 13): attribute "size" must be 1 to 4096
        node "y_node" (Hardmax, opset 13): attribute "axis" must lie in -4..4
        node "y_node" (Atanh, opset 13): attribute "axis" is not known"#]]
    .assert_eq(&faults.map(|model| fault(&model)).join("\n"));
}
