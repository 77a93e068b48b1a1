//! The message of every fault; no broken file panics.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::proto::*;
use imagine_onnx::{Options, import, import_file, tensor_from_onnx};
use prost::Message;

const IMAGE: [&str; 4] = ["n", "4", "h", "w"];

fn relu(inputs: &[&str]) -> NodeProto {
    node("Relu", inputs, "y", vec![])
}

/// A model with weights, shape arithmetic, a branch and an older form.
fn rich() -> ModelProto {
    let inner = GraphProto {
        node: vec![node("Tanh", &["b"], "t", vec![])],
        output: vec![value("t", &[])],
        ..Default::default()
    };
    let mut raw = weight("w", &[2, 4, 1, 1]);
    raw.raw_data = raw.float_data.drain(..).flat_map(f32::to_le_bytes).collect();
    let yes = TensorProto { data_type: 9, int32_data: vec![1], ..Default::default() };
    let nodes = vec![
        node("Conv", &["x", "w"], "a", vec![ints("kernel_shape", &[1, 1]), int("group", 1)]),
        node("Upsample", &["a"], "b", vec![floats("scales", &[1.0, 1.0, 2.0, 2.0]), text("mode", "nearest")]),
        node("Constant", &[], "yes", vec![tensor("value", yes)]),
        node("If", &["yes"], "c", vec![branch("then_branch", inner.clone()), branch("else_branch", inner)]),
        node("Shape", &["c"], "s", vec![]),
        node("Gather", &["s", "i"], "d", vec![]),
        node("Concat", &["d", "rest"], "target", vec![int("axis", 0)]),
        node("Reshape", &["c", "target"], "y", vec![]),
    ];
    model(9, &IMAGE, vec![raw, list("i", &[0]), list("rest", &[2, -1])], nodes)
}

#[test]
fn the_rich_model_is_valid() {
    expect![[r#"
        a = Conv {} (x, w)
        b = Resize {"coordinate_transformation_mode":"asymmetric","nearest_mode":"floor","scales":[2.0,2.0]} (a)
        t = Tanh {} (b)
        y = Reshape {"infer":2,"shape":["batch",2,1]} (t)
    "#]]
    .assert_eq(&graph(&rich()));
}

#[test]
fn no_prefix_and_no_changed_byte_panics() {
    let bytes = rich().encode_to_vec();
    for length in 0..bytes.len() {
        let _ = import(&bytes[..length], &Options::default());
    }
    for position in 0..bytes.len() {
        for flip in [1, 2, 0x10, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[position] ^= flip;
            let _ = import(&changed, &Options::default());
        }
    }
}

#[test]
fn bytes_that_are_not_a_model() {
    let bytes = rich().encode_to_vec();
    let told = |bytes: &[u8]| import(bytes, &Options::default()).unwrap_err().to_string();
    expect!["not an ONNX model: failed to decode Protobuf message: ModelProto.opset_import: invalid varint; the file is truncated, damaged or not ONNX: fetch or export it again"]
        .assert_eq(&told(&bytes[..bytes.len() - 3]));
    expect!["not an ONNX model: is empty; the file is truncated, damaged or not ONNX: fetch or export it again"]
        .assert_eq(&told(&[]));
    // A graph that claims to be 2^60 bytes long.
    expect!["not an ONNX model: failed to decode Protobuf message: ModelProto.graph: buffer underflow; the file is truncated, damaged or not ONNX: fetch or export it again"]
        .assert_eq(&told(&[0x3a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]));
    let mut nested = GraphProto::default();
    for _ in 0..200 {
        let node = node("If", &["c"], "y", vec![branch("then_branch", nested)]);
        nested = GraphProto { node: vec![node], ..Default::default() };
    }
    let deep = ModelProto { graph: Some(nested), ..rich() };
    expect!["not an ONNX model: failed to decode Protobuf message: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: AttributeProto.g: NodeProto.attribute: GraphProto.node: ModelProto.graph: recursion limit reached; the file is truncated, damaged or not ONNX: fetch or export it again"].assert_eq(&told(&deep.encode_to_vec()));
}

#[test]
fn operator_sets_and_domains() {
    expect!["opset 0 is not supported: export the model with opset 1 to 27, or convert it with onnx.version_converter"]
        .assert_eq(&fault(&model(0, &IMAGE, vec![], vec![relu(&["x"])])));
    expect![
        "opset 99 is not supported: export the model with opset 1 to 27, or convert it with onnx.version_converter"
    ]
    .assert_eq(&fault(&model(99, &IMAGE, vec![], vec![relu(&["x"])])));
    expect![[r#"the model names no opset of domain "ai.onnx": export it again with opset_version 7 to 27"#]]
        .assert_eq(&fault(&ModelProto { opset_import: vec![], ..rich() }));
    let foreign = NodeProto { domain: "com.example".into(), ..relu(&["x"]) };
    expect![[r#"node "y_node" (Relu, opset 13): domain "com.example" is not supported, and the model has no such function: export the model with ONNX's own operators only"#]].assert_eq(&fault(&model(13, &IMAGE, vec![], vec![foreign])));
    let unknown = node("Frobnicate", &["x"], "y", vec![]);
    expect![[r#"node "y_node" (Frobnicate, opset 13): this operator is not supported: export the model without it, or fold its constants first (onnx-simplifier)"#]].assert_eq(&fault(&model(13, &IMAGE, vec![], vec![unknown])));
}

#[test]
fn duplicate_missing_and_misordered_names() {
    expect![[r#"node "y_node" (Relu, opset 13): input 0 reads "nothing", which no input, initializer or node writes: export the model again with its weights (export_params)"#]]
    .assert_eq(&fault(&model(13, &IMAGE, vec![], vec![relu(&["nothing"])])));
    let cycle = vec![node("Add", &["x", "b"], "a", vec![]), node("Relu", &["a"], "b", vec![]), relu(&["a"])];
    expect![[r#"node "a_node" (Add, opset 13): input 1 reads "b", which is computed from this node's output: the nodes form a cycle"#]].assert_eq(&fault(&model(13, &IMAGE, vec![], cycle)));
    let twice = vec![node("Tanh", &["x"], "y", vec![]), relu(&["x"])];
    expect![[r#""y" is written twice: names of values must be unique"#]].assert_eq(&fault(&model(
        13,
        &IMAGE,
        vec![],
        twice,
    )));
    let weights = vec![weight("w", &[2]), weight("w", &[2])];
    expect![[r#""w" is written twice: names of values must be unique"#]].assert_eq(&fault(&model(
        13,
        &IMAGE,
        weights,
        vec![relu(&["x"])],
    )));
    expect![[r#"output "y": no node writes it"#]].assert_eq(&fault(&model(
        13,
        &IMAGE,
        vec![],
        vec![node("Relu", &["x"], "z", vec![])],
    )));
    // Nodes may share a name in ONNX; in a graph they get different ones.
    let same = |op: &str, from: &str, to: &str| NodeProto { name: "n".into(), ..node(op, &[from], to, vec![]) };
    read(&model(13, &IMAGE, vec![], vec![same("Relu", "x", "a"), same("Relu", "a", "y")])).unwrap();
}

#[test]
fn attributes_are_never_ignored() {
    let conv = |attributes: Vec<AttributeProto>| {
        model(11, &IMAGE, vec![weight("w", &[2, 4, 1, 1])], vec![node("Conv", &["x", "w"], "y", attributes)])
    };
    expect![[r#"node "y_node" (Conv, opset 11): Conv: unknown field `frobs`, expected one of `group`, `strides`, `dilations`, `pads`, `auto_pad`, `pad_mode`"#]].assert_eq(&fault(&conv(vec![int("frobs", 1)])));
    expect![[r#"node "y_node" (Conv, opset 11): Conv: invalid type: string "1", expected usize"#]]
        .assert_eq(&fault(&conv(vec![text("group", "1")])));
    expect![[r#"node "y_node" (Conv, opset 11): attribute "group" is given twice"#]]
        .assert_eq(&fault(&conv(vec![int("group", 1), int("group", 2)])));
    let leaky =
        |alpha: f32| model(11, &IMAGE, vec![], vec![node("LeakyRelu", &["x"], "y", vec![float("alpha", alpha)])]);
    expect![[r#"node "y_node" (LeakyRelu, opset 11): attribute "alpha" is NaN"#]].assert_eq(&fault(&leaky(f32::NAN)));
    expect![[r#"node "y_node" (LeakyRelu, opset 11): attribute "alpha" is infinite"#]]
        .assert_eq(&fault(&leaky(f32::INFINITY)));
    for op in ["Constant", "Shape", "Identity", "Cast", "Dropout", "Max", "Reshape"] {
        let mut attributes = vec![int("frobs", 1)];
        if op == "Cast" {
            attributes.push(int("to", 1));
        }
        let inputs: &[&str] = match op {
            "Constant" => &[],
            "Reshape" => &["s", "s"],
            _ => &["x"],
        };
        let weights = vec![list("s", &[1])];
        let told = fault(&model(13, &IMAGE, weights, vec![node(op, inputs, "y", attributes)]));
        assert!(told.contains("frobs") || told.contains("has no value"), "{op}: {told}");
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let nodes = vec![
        node("Frobnicate", &["x"], "a", vec![]),
        node("Relu", &["nothing"], "b", vec![]),
        node("Relu", &["x"], "c", vec![int("frobs", 1)]),
        node("Add", &["a", "b"], "y", vec![]),
    ];
    let mut wrong = weight("w", &[3]);
    wrong.dims = vec![4];
    expect![[r#"
        initializer "w": shape [4] has 4 elements, but the tensor has 3: export the model again
        node "a_node" (Frobnicate, opset 13): this operator is not supported: export the model without it, or fold its constants first (onnx-simplifier)
        node "b_node" (Relu, opset 13): input 0 reads "nothing", which no input, initializer or node writes: export the model again with its weights (export_params)
        node "c_node" (Relu, opset 13): Relu: unknown field `frobs`, there are no fields"#]].assert_eq(&fault(&model(13, &IMAGE, vec![wrong], nodes)));
}

#[test]
fn inconsistent_tensors() {
    let told = |tensor: TensorProto| tensor_from_onnx(&tensor.encode_to_vec()).unwrap_err().to_string();
    expect![[
        r#"tensor "t": shape [1099511627776] has 1099511627776 elements, but the tensor has 2: export the model again"#
    ]]
    .assert_eq(&told(TensorProto { dims: vec![1 << 40], ..weight("t", &[2]) }));
    expect![[r#"tensor "t": dimensions [-1] are out of range: export the model again"#]]
        .assert_eq(&told(TensorProto { dims: vec![-1], ..weight("t", &[2]) }));
    expect![[r#"tensor "t": element type 8 is not supported: store floats, integers of 8 to 64 bits or truth values"#]]
        .assert_eq(&told(TensorProto { data_type: 8, ..weight("t", &[2]) }));
    let ragged = TensorProto { raw_data: vec![0; 7], float_data: vec![], ..weight("t", &[2]) };
    expect![[r#"tensor "t": 7 bytes are not a multiple of the element size, 4 bytes: export the model again"#]]
        .assert_eq(&told(ragged));
    expect![[r#"tensor "t": holds 1099511627776, but integers of a graph have 32 bits"#]]
        .assert_eq(&told(list("t", &[1 << 40])));
    let mut infinite = weight("w", &[4, 1, 1]);
    infinite.float_data[2] = f32::NAN;
    let add = node("Add", &["x", "w"], "y", vec![]);
    expect![[r#"weight "w": element 2 is NaN"#]].assert_eq(&fault(&model(13, &IMAGE, vec![infinite], vec![add])));
}

#[test]
fn external_data_stays_below_the_folder() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::write(outer.path().join("secret.bin"), [0; 64]).unwrap();
    let elements: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0, 5.0].into_iter().flat_map(f32::to_le_bytes).collect();
    std::fs::write(folder.join("data/w.bin"), elements).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../secret.bin", folder.join("link.bin")).unwrap();
    let try_with = |entries: &[(&str, &str)]| {
        let entry = |&(key, value): &(&str, &str)| StringStringEntryProto { key: key.into(), value: value.into() };
        let stored = TensorProto {
            float_data: vec![],
            data_location: 1,
            external_data: entries.iter().map(entry).collect(),
            ..weight("w", &[4, 1, 1])
        };
        let model = model(13, &IMAGE, vec![stored], vec![node("Add", &["x", "w"], "y", vec![])]);
        let path = folder.join("model.onnx");
        std::fs::write(&path, model.encode_to_vec()).unwrap();
        (import_file(path, &Options::default()), model)
    };
    let (sound, model) = try_with(&[("location", "data/w.bin"), ("offset", "4"), ("length", "16")]);
    assert_eq!(sound.unwrap().graph.weights["w"].as_f32(), Some(&[2.0, 3.0, 4.0, 5.0][..]));
    expect![[r#"initializer "w": it has external data: import the model with `import_file`"#]]
        .assert_eq(&fault(&model));
    let told = |entries: &[(&str, &str)]| try_with(entries).0.unwrap_err().to_string();
    expect![[r#"initializer "w": external data "../secret.bin" is not a file below the model's folder"#]]
        .assert_eq(&told(&[("location", "../secret.bin")]));
    expect![[r#"initializer "w": external data "/etc/passwd" is not a file below the model's folder"#]]
        .assert_eq(&told(&[("location", "/etc/passwd")]));
    #[cfg(unix)]
    expect![[r#"initializer "w": external data "link.bin" is not a file below the model's folder"#]]
        .assert_eq(&told(&[("location", "link.bin")]));
    expect![[r#"initializer "w": external data "data/w.bin": 16 bytes at 8, but the file has 20: it is truncated or belongs to another model"#]]
        .assert_eq(&told(&[("location", "data/w.bin"), ("offset", "8")]));
    expect![[r#"initializer "w": external data "data/w.bin": 16 bytes at 18446744073709551615, but the file has 20: it is truncated or belongs to another model"#]]
        .assert_eq(&told(&[("location", "data/w.bin"), ("offset", "18446744073709551615")]));
    expect![[r#"initializer "w": external data: length 1000000000000, but the tensor has 16 bytes"#]]
        .assert_eq(&told(&[("location", "data/w.bin"), ("length", "1000000000000")]));
    expect![[r#"initializer "w": external data: offset "-1" is not a number"#]]
        .assert_eq(&told(&[("location", "data/w.bin"), ("offset", "-1")]));
    expect![[r#"initializer "w": external data "data" is not a file below the model's folder"#]]
        .assert_eq(&told(&[("location", "data")]));
    assert!(told(&[("location", "missing.bin")]).contains("external data \"missing.bin\""));
}
