//! Functions of a model become the nodes of its graph.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::describe;
use imagine_onnx::proto::*;
use prost::Message;

const IMAGE: [&str; 4] = ["n", "4", "h", "w"];

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| name.to_string()).collect()
}

fn function(name: &str, inputs: &[&str], outputs: &[&str], nodes: Vec<NodeProto>) -> FunctionProto {
    FunctionProto {
        name: name.into(),
        domain: "own".into(),
        input: names(inputs),
        output: names(outputs),
        node: nodes,
        ..Default::default()
    }
}

fn call(name: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto { domain: "own".into(), ..node(name, inputs, output, attributes) }
}

fn calling(functions: Vec<FunctionProto>, nodes: Vec<NodeProto>) -> ModelProto {
    ModelProto { functions, ..model(18, &IMAGE, vec![weight("w", &[4, 1, 1])], nodes) }
}

/// `LeakyRelu` whose slope is the function's parameter `slope`.
fn leaky() -> NodeProto {
    let slope = AttributeProto { name: "alpha".into(), kind: 1, ref_attr_name: "slope".into(), ..Default::default() };
    node("LeakyRelu", &["a"], "b", vec![slope])
}

#[test]
fn calls_are_replaced_by_nodes_with_their_parameters() {
    let scale = vec![node("Mul", &["a", "s"], "b", vec![])];
    let bend = FunctionProto {
        attribute_proto: vec![float("slope", 0.5)],
        ..function("Bend", &["a", "s"], &["c"], vec![leaky(), call("Scale", &["b", "s"], "c", vec![])])
    };
    let nodes =
        vec![call("Bend", &["x", "w"], "p", vec![]), call("Bend", &["p", "w"], "y", vec![float("slope", 0.25)])];
    let model = calling(vec![bend, function("Scale", &["a", "s"], &["b"], scale)], nodes);
    expect![[r#"
        b = LeakyRelu {"alpha":0.5} (x)
        b_1 = Mul {} (b, w_1)
        b_2 = LeakyRelu {"alpha":0.25} (b_1)
        b_3 = Mul {} (b_2, w_1)
        y = Identity {} (b_3)
    "#]]
    .assert_eq(&graph(&model));
    let about = describe(&model.encode_to_vec()).unwrap();
    assert!(about.declared, "{about:?}");
    assert_eq!(about.operators, ["LeakyRelu", "Mul"].map(String::from).into());
}

#[test]
fn an_attribute_without_a_parameter_keeps_its_default_and_an_input_may_be_omitted() {
    let clip = vec![node("Clip", &["a", "low"], "c", vec![]), NodeProto { input: names(&["c"]), ..leaky() }];
    let function = function("Bend", &["a", "low"], &["b"], clip);
    let found = graph(&calling(vec![function], vec![call("Bend", &["x"], "y", vec![])]));
    assert_eq!(found, "c = Clip {} (x)\nb = LeakyRelu {} (c)\ny = Identity {} (b)\n");
}

#[test]
fn functions_see_only_their_own_values_and_their_own_opset() {
    let outside = function("Bend", &["a"], &["b"], vec![node("Add", &["a", "w"], "b", vec![])]);
    let told = fault(&calling(vec![outside], vec![call("Bend", &["x"], "y", vec![])]));
    expect![[r#"node "y_node/b_node" (Add, opset 18): input 1 reads "w", which no input, initializer or node writes: export the model again with its weights (export_params)"#]].assert_eq(&told);
    let old = FunctionProto {
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 9 }],
        ..function("Twice", &["a"], &["b"], vec![node("Upsample", &["a", "s"], "b", vec![])])
    };
    let scales = TensorProto { float_data: vec![1.0, 1.0, 2.0, 2.0], ..weight("", &[4]) };
    let mut old = old;
    old.node.insert(0, node("Constant", &[], "s", vec![tensor("value", scales)]));
    let found = graph(&calling(vec![old], vec![call("Twice", &["x"], "y", vec![])]));
    assert!(found.contains("Resize"), "{found}");
}

#[test]
fn hostile_functions_are_refused() {
    let recursive = function("Bend", &["a"], &["b"], vec![call("Bend", &["a"], "b", vec![])]);
    let told = fault(&calling(vec![recursive], vec![call("Bend", &["x"], "y", vec![])]));
    assert!(told.contains("no function may call itself"), "{told}");
    // 2^40 calls.
    let double = |level: usize| {
        let inner = format!("F{}", level + 1);
        let nodes = vec![call(&inner, &["a"], "b", vec![]), call(&inner, &["b"], "c", vec![])];
        function(&format!("F{level}"), &["a"], &["c"], nodes)
    };
    let mut functions: Vec<_> = (0..40).map(double).collect();
    functions.push(function("F40", &["a"], &["b"], vec![node("Relu", &["a"], "b", vec![])]));
    let told = fault(&calling(functions, vec![call("F0", &["x"], "y", vec![])]));
    assert!(told.contains("above 65536"), "{told}");
    // A fault in a function is told once.
    let wrong = function("Bend", &["a"], &["b"], vec![node("Frobnicate", &["a"], "b", vec![])]);
    let nodes = vec![
        call("Bend", &["x"], "p", vec![]),
        call("Bend", &["x"], "q", vec![]),
        node("Add", &["p", "q"], "y", vec![]),
    ];
    let told = fault(&calling(vec![wrong], nodes));
    assert_eq!(told.lines().count(), 1, "{told}");
    let none = fault(&calling(vec![], vec![call("Bend", &["x"], "y", vec![])]));
    expect![[r#"node "y_node" (Bend, opset 18): domain "own" is not supported, and the model has no such function: export the model with ONNX's own operators only"#]].assert_eq(&none);
}
