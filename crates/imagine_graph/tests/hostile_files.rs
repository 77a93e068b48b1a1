//! Files from a stranger: every fault has a message that names the file and the fault, and nothing panics.

use expect_test::{Expect, expect};
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{Conv, Dim, Generator, Graph, InputKind, OutputKind, PadMode, Tanh, Tensor};
use serde_json::{Value, json};

const FILE: &str = "assets/moss.generator.safetensors";

/// `picture -> up3.conv -> tanh`, with 3x3 weights `[2, 1, 3, 3]` and a bias.
fn generator() -> Generator {
    let mut output = Graph::default();
    output.input("picture", InputKind::Tensor, Dim::nchw(1));
    output.weight("weight", Tensor::f32([2, 1, 3, 3], (0..18).map(|i| i as f32 / 8.0).collect::<Vec<_>>()));
    output.weight("bias", Tensor::f32([2], [0.5, -0.5]));
    output.push("up3.conv", Conv::same(3, PadMode::Wrap), ["picture", "weight", "bias"]);
    output.push("tanh", Tanh {}, ["up3.conv"]);
    output.output("tanh", OutputKind::Tensor);
    Generator { output, recurrence: None, size: Default::default(), card: Default::default() }
}

fn bytes() -> Vec<u8> {
    file::write(&generator(), WeightFormat::F32).unwrap()
}

/// Header and data of a file.
fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (String::from_utf8(bytes[8..8 + length].to_vec()).unwrap(), bytes[8 + length..].to_vec())
}

fn join(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// The good file with its header changed.
fn with_header(change: impl Fn(&mut Value)) -> Vec<u8> {
    let (header, data) = split(&bytes());
    let mut header: Value = serde_json::from_str(&header).unwrap();
    change(&mut header);
    join(&header.to_string(), &data)
}

/// The good file with one of its JSON documents changed.
fn with_document(key: &str, change: impl Fn(&mut Value)) -> Vec<u8> {
    with_header(|header| {
        let text = &mut header["__metadata__"][key];
        let mut document = serde_json::from_str(text.as_str().unwrap()).unwrap();
        change(&mut document);
        *text = document.to_string().into();
    })
}

fn with_graph(change: impl Fn(&mut Value)) -> Vec<u8> {
    with_document("imagine.graphs", |graphs| change(&mut graphs["output"]))
}

/// The good file with `from` replaced in the text of its header.
fn with_text(from: &str, to: &str) -> Vec<u8> {
    let (header, data) = split(&bytes());
    assert_eq!(header.matches(from).count(), 1, "{header}");
    join(&header.replace(from, to), &data)
}

fn refused(bytes: &[u8], message: Expect) {
    message.assert_eq(&file::from_bytes(FILE, bytes).unwrap_err().to_string());
}

#[test]
fn the_unchanged_file_loads() {
    let loaded = file::from_bytes(FILE, &with_graph(|_| {})).unwrap();
    assert_eq!((loaded.name.as_str(), loaded.generator.generator), ("moss", generator()));
}

#[test]
fn truncated() {
    refused(
        &[],
        expect![
            "moss.generator.safetensors: is cut off, or no safetensors file: length of the header ends at byte 8, the file at byte 0"
        ],
    );
    refused(
        &bytes()[..7],
        expect![
            "moss.generator.safetensors: is cut off, or no safetensors file: length of the header ends at byte 8, the file at byte 7"
        ],
    );
    refused(
        &bytes()[..300],
        expect![
            "moss.generator.safetensors: is cut off, or no safetensors file: header ends at byte 928, the file at byte 300"
        ],
    );
    refused(
        &bytes()[..bytes().len() - 1],
        expect![
            "moss.generator.safetensors: is cut off, or no safetensors file: tensor data ends at byte 1008, the file at byte 1007"
        ],
    );
}

#[test]
fn huge_header() {
    let mut bytes = bytes();
    bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    refused(
        &bytes,
        expect![
            "moss.generator.safetensors: is damaged or no safetensors file: its header would be 18446744073709551615 bytes long, at most 16777216 are read"
        ],
    );
    bytes[..8].copy_from_slice(&(file::MAX_HEADER_BYTES).to_le_bytes());
    refused(
        &bytes,
        expect![
            "moss.generator.safetensors: is cut off, or no safetensors file: header ends at byte 16777224, the file at byte 1008"
        ],
    );
    let nested = "[".repeat(1000);
    refused(
        &join(&nested, &[]),
        expect!["moss.generator.safetensors: header: recursion limit exceeded at line 1 column 128"],
    );
    let long = format!("{{\"a\":[{}0]}}", "0,".repeat(1 << 20));
    refused(
        &join(&long, &[]),
        expect!["moss.generator.safetensors: header: more than 1048576 values at line 1 column 2097140"],
    );
    let many: Vec<String> = (0..=file::MAX_TENSORS).map(|i| format!("\"{i}\":0")).collect();
    refused(
        &join(&format!("{{{}}}", many.join(",")), &[]),
        expect!["moss.generator.safetensors: number of tensors: 20001 is more than the limit of 20000"],
    );
}

#[test]
fn bit_flipped() {
    let flipped = |text: &str, offset: usize| {
        let mut bytes = bytes();
        let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
        bytes[at + offset] ^= 0x10;
        bytes
    };
    refused(
        &flipped("__metadata__", 0),
        expect![[
            r#"moss.generator.safetensors: tensor "O_metadata__": header entry is "{\"imagine.card\":\"{\\\"date\\\":\\\"\\\",\\\"license\\\":\\\"\\\",\\\"metrics\\\":{},\\\"recipe\\\":\\\"\\\",\\\"title\\\":\\\"\\\",\\\"training_data\\\":[]}\",\"imagine.format\":\"1\",\"imagine.generator\":\"{\\\"size\\\":{\\\"min\\\":[1,1],\\\"multiple\\\":[1"..., expected an object of "dtype", "shape" and "data_offsets""#
        ]],
    );
    refused(
        &flipped("imagine.graphs", 3),
        expect![[r#"moss.generator.safetensors: metadata "imawine.graphs" is not part of the format"#]],
    );
    refused(
        &flipped("\"dtype\"", 0),
        expect!["moss.generator.safetensors: header: key must be a string at line 1 column 796"],
    );
    refused(
        &flipped("picture\\\",\\\"weight", 1),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): input 0 reads "pycture", which is neither an input, a weight nor a node's output"#
        ]],
    );
    refused(&flipped("[8,80]", 3), expect!["moss.generator.safetensors: header: expected value at line 1 column 911"]);
}

#[test]
fn other_files() {
    refused(
        b"\x89PNG\r\n\x1a\n and the rest of a picture",
        expect![
            "moss.generator.safetensors: is damaged or no safetensors file: its header would be 727905341920923785 bytes long, at most 16777216 are read"
        ],
    );
    let tensor = json!({ "model.layers.0.weight": { "dtype": "F32", "shape": [1], "data_offsets": [0, 4] } });
    refused(
        &join(&tensor.to_string(), &[0; 4]),
        expect![[
            r#"moss.generator.safetensors: is a safetensors file but no generator: its metadata has no "imagine.format" (it holds 1 tensors, such as "model.layers.0.weight")"#
        ]],
    );
    refused(
        &with_text("\"imagine.format\":\"1\"", "\"imagine.format\":\"2\""),
        expect![[
            r#"moss.generator.safetensors: format "2" is not supported, only "1": a newer version of imagine may read it"#
        ]],
    );
}

#[test]
fn wrong_shape() {
    refused(
        &with_header(|header| header["output.weight"]["shape"] = json!([2, 3, 3, 1])),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): input 1 (W) is [2, 3, 3, 1], expected [2, 1/1, ..]"#
        ]],
    );
    refused(
        &with_header(|header| header["output.weight"]["shape"] = json!([2, 1, 3, 4])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": [2, 1, 3, 4] of F32 needs 96 bytes, its offsets span 72"#
        ]],
    );
    refused(
        &with_header(|header| header["output.weight"]["shape"] = json!([u64::MAX, u64::MAX, 3])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": shape [18446744073709551615, 18446744073709551615, 3] is out of range: more than 2^30 elements"#
        ]],
    );
    refused(
        &with_header(|header| header["output.weight"]["shape"] = json!([0, 3])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": shape [0, 3] is out of range: an empty dimension"#
        ]],
    );
    refused(
        &with_header(|header| header["output.weight"]["shape"] = json!([1, 1, 1, 1, 1, 1, 2, 3, 3])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": shape [1, 1, 1, 1, 1, 1, 2, 3, 3] is out of range: more than 8 dimensions"#
        ]],
    );
    refused(
        &with_header(|header| header["output.weight"]["shape"] = json!([-2, 9])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": header entry is "{\"data_offsets\":[8,80],\"dtype\":\"F32\",\"shape\":[-2,9]}", expected a "shape" of whole numbers"#
        ]],
    );
    refused(
        &with_header(|header| header["output.weight"]["shape"] = json!({ "a": "b".repeat(1000) })),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": header entry is "{\"data_offsets\":[8,80],\"dtype\":\"F32\",\"shape\":{\"a\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"..., expected a "shape" of whole numbers"#
        ]],
    );
}

#[test]
fn wrong_offsets() {
    refused(
        &with_header(|header| header["output.weight"]["data_offsets"] = json!([4, 76])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": begins at byte 4 of the data, expected 8: tensors follow each other without gap or overlap"#
        ]],
    );
    refused(
        &with_header(|header| header["output.bias"]["data_offsets"] = json!([64, 72])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": begins at byte 8 of the data, expected 0: tensors follow each other without gap or overlap"#
        ]],
    );
    refused(
        &with_header(|header| header["output.weight"]["data_offsets"] = json!([72, 0])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": header entry is "{\"data_offsets\":[72,0],\"dtype\":\"F32\",\"shape\":[2,1,3,3]}", expected two ascending "data_offsets""#
        ]],
    );
    let far = json!([u64::MAX - 8, u64::MAX]);
    refused(
        &with_header(|header| header["output.bias"]["data_offsets"] = far.clone()),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": begins at byte 8 of the data, expected 0: tensors follow each other without gap or overlap"#
        ]],
    );
    refused(
        &[bytes(), vec![0]].concat(),
        expect![
            "moss.generator.safetensors: data after the last tensor: tensors end at byte 1008 of the file, the file at byte 1009"
        ],
    );
}

#[test]
fn element_types() {
    refused(
        &with_header(|header| header["output.weight"]["dtype"] = json!("F8_E4M3")),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight": element type is "F8_E4M3", expected F32, F16, U8, I32 or BOOL"#
        ]],
    );
    refused(
        &with_header(|header| header["output.weight"]["dtype"] = json!("I32")),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): input 1 (W) is i32 [2, 1, 3, 3], expected floats"#
        ]],
    );
    let half_as_long = |header: &mut Value| {
        header["output.weight"] = json!({ "dtype": "U8", "shape": [72], "data_offsets": [8, 80] });
        header["output.bias"]["data_offsets"] = json!([0, 8]);
    };
    refused(
        &with_header(half_as_long),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight" is U8 and needs F32 "output.weight.scale" of shape [] or [72], found none"#
        ]],
    );
    let truth = |header: &mut Value| {
        header["output.weight"] = json!({ "dtype": "BOOL", "shape": [72], "data_offsets": [8, 80] });
        header["output.bias"]["data_offsets"] = json!([0, 8]);
    };
    refused(
        &with_header(truth),
        expect![[r#"moss.generator.safetensors: tensor "output.weight": element 7 is 62, expected 0 or 1 (BOOL)"#]],
    );
}

#[test]
fn not_a_number() {
    let (header, mut data) = split(&bytes());
    data[12..16].copy_from_slice(&f32::NAN.to_le_bytes());
    refused(
        &join(&header, &data),
        expect![[r#"moss.generator.safetensors: output: weight "weight": element 1 is NaN"#]],
    );
    refused(
        &with_text("\\\"pads\\\":[1,", "\\\"pads\\\":[1e400,"),
        expect!["moss.generator.safetensors: imagine.graphs: number out of range at line 1 column 165"],
    );
    refused(
        &with_text("\\\"range\\\":[-3.4028235e+38,", "\\\"range\\\":[-1e39,"),
        expect![
            "moss.generator.safetensors: imagine.graphs: number -1e39 is beyond the range of f32 at line 1 column 410"
        ],
    );
}

#[test]
fn duplicate_names() {
    refused(
        &with_text("\"output.bias\":", "\"output.weight\":"),
        expect![[r#"moss.generator.safetensors: header: name "output.weight" stands twice at line 1 column 860"#]],
    );
    refused(
        &with_text("{\"imagine.card\"", "{\"imagine.format\":\"1\",\"imagine.card\""),
        expect![[r#"moss.generator.safetensors: header: name "imagine.format" stands twice at line 1 column 171"#]],
    );
    refused(
        &with_text("\\\"pad_mode\\\":", "\\\"group\\\":1,\\\"group\\\":2,\\\"pad_mode\\\":"),
        expect![[r#"moss.generator.safetensors: imagine.graphs: name "group" stands twice at line 1 column 151"#]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][1]["name"] = json!("up3.conv")),
        expect![[r#"moss.generator.safetensors: output: two nodes are named "up3.conv""#]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][1]["outputs"] = json!(["weight"])),
        expect![[r#"
            moss.generator.safetensors: output: "weight" is written twice: by a weight and by node "tanh"
            moss.generator.safetensors: output: output "tanh" is not written by any node
            moss.generator.safetensors: output: nodes wait for each other in a cycle: ["tanh", "up3.conv"]"#]],
    );
}

#[test]
fn cyclic() {
    refused(
        &with_graph(|graph| graph["nodes"][0]["inputs"][0] = json!("tanh")),
        expect![[r#"moss.generator.safetensors: output: nodes wait for each other in a cycle: ["tanh", "up3.conv"]"#]],
    );
}

#[test]
fn missing_and_unused_tensors() {
    refused(
        &with_graph(|graph| graph["nodes"][0]["inputs"][1] = json!("wait")),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): input 1 reads "wait", which is neither an input, a weight nor a node's output"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["inputs"] = json!(["picture", "weight"])),
        expect![[r#"moss.generator.safetensors: tensor "output.bias" is used by no node and no output"#]],
    );
    refused(
        &with_text("\"output.bias\":", "\"step.bias\":"),
        expect![[
            r#"moss.generator.safetensors: tensor "step.bias": names are "<graph>.<weight>", and this file's graphs are output"#
        ]],
    );
    refused(
        &with_text("\"output.bias\":", "\"bias\":"),
        expect![[
            r#"moss.generator.safetensors: tensor "bias": names are "<graph>.<weight>", and this file's graphs are output"#
        ]],
    );
}

#[test]
fn operators_and_attributes() {
    refused(
        &with_graph(|graph| graph["nodes"][1]["op"] = json!("System")),
        expect![[r#"moss.generator.safetensors: output: node "tanh": unknown operator "System""#]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["attributes"]["kernel"] = json!(3)),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): attributes: unknown field `kernel`, expected one of `group`, `strides`, `dilations`, `pads`, `auto_pad`, `pad_mode`"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["attributes"]["pads"] = json!([1, 1])),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): parameter "pads" is [1, 1], expected 4 numbers"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["attributes"]["group"] = json!(0)),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): parameter "group" is 0, expected a divisor of 2"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["attributes"]["group"] = json!(u64::MAX)),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): parameter "group" is 18446744073709551615, expected a divisor of 2"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["attributes"]["pad_mode"] = json!("mirror")),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv" (Conv): attributes: unknown variant `mirror`, expected one of `constant`, `reflect`, `edge`, `wrap`"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["attributes"] = json!([])),
        expect![[r#"moss.generator.safetensors: output: node "up3.conv": invalid type: sequence, expected a map"#]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["domain"] = json!("ai.onnx.ml")),
        expect![[
            r#"moss.generator.safetensors: output: node "up3.conv": unknown field `domain`, expected one of `name`, `op`, `attributes`, `inputs`, `outputs`"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0]["outputs"] = json!(["up3.conv", "more"])),
        expect![[r#"moss.generator.safetensors: output: node "up3.conv" (Conv): has 2 outputs, expected 1"#]],
    );
    refused(
        &with_graph(|graph| graph["nodes"][0] = json!("Conv")),
        expect![[
            r#"moss.generator.safetensors: output: node 0: invalid type: string "Conv", expected an object of name, op, attributes, inputs and outputs"#
        ]],
    );
}

#[test]
fn dimensions_and_kinds() {
    refused(
        &with_graph(|graph| graph["inputs"][0]["shape"][3] = json!("depth")),
        expect![[
            r#"moss.generator.safetensors: output: input "picture": expected a whole number, "batch", {"height": [n, d]} or {"width": [n, d]}"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["inputs"][0]["shape"][3] = json!({ "width": [1, 0] })),
        expect![[
            r#"moss.generator.safetensors: output: input "picture": dimension width/0 is not a whole number at batch 1, height 1, width 1"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["inputs"][0]["shape"][3] = json!({ "width": [u64::MAX, 1] })),
        expect![[
            r#"moss.generator.safetensors: output: input "picture": output shape [1, 1, 1, 18446744073709551615] is out of range: more than 2^30 elements"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["inputs"][0]["shape"][1] = json!(-1)),
        expect![[
            r#"moss.generator.safetensors: output: input "picture": expected a whole number, "batch", {"height": [n, d]} or {"width": [n, d]}"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["inputs"][0]["shape"][1] = json!(1u64 << 40)),
        expect![[
            r#"moss.generator.safetensors: output: input "picture": output shape [1, 1099511627776, 1, 1] is out of range: more than 2^30 elements"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["inputs"][0]["kind"] = json!("telemetry")),
        expect![[
            r#"moss.generator.safetensors: output: input "picture": unknown variant `telemetry`, expected one of `latent`, `range`, `choice`, `color`, `coordinates`, `prompt`, `image`, `mask`, `state`, `tensor`"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["inputs"][0]["kind"] = json!({ "coordinates": "cone" })),
        expect![[
            r#"moss.generator.safetensors: output: input "picture": unknown variant `cone`, expected one of `plane`, `sphere`, `torus`"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["outputs"][0]["color_space"] = json!("aces")),
        expect![[
            r#"moss.generator.safetensors: output: output "tanh": unknown variant `aces`, expected `linear` or `srgb`"#
        ]],
    );
    refused(
        &with_graph(|graph| graph["outputs"][0]["name"] = json!("nothing")),
        expect![[r#"moss.generator.safetensors: output: output "nothing" is not written by any node"#]],
    );
}

#[test]
fn documents() {
    refused(
        &with_text("\"imagine.card\"", "\"imagine.cart\""),
        expect![[r#"moss.generator.safetensors: metadata "imagine.cart" is not part of the format"#]],
    );
    refused(
        &with_header(|header| drop(header["__metadata__"].as_object_mut().unwrap().remove("imagine.graphs"))),
        expect![[r#"moss.generator.safetensors: metadata "imagine.graphs" is missing"#]],
    );
    refused(
        &with_header(|header| header["__metadata__"]["imagine.graphs"] = json!("{")),
        expect!["moss.generator.safetensors: imagine.graphs: EOF while parsing an object at line 1 column 1"],
    );
    refused(
        &with_header(|header| header["__metadata__"]["imagine.graphs"] = json!({})),
        expect!["moss.generator.safetensors: __metadata__: invalid type: map, expected a string"],
    );
    refused(
        &with_document("imagine.graphs", |graphs| graphs["step"] = graphs["output"].clone()),
        expect![[
            r#"moss.generator.safetensors: a recurrent generator has "recurrence" in imagine.generator and the graphs "init" and "step"; missing here: "recurrence", "init""#
        ]],
    );
    refused(
        &with_document("imagine.generator", |generator| generator["size"]["min"] = json!([0, 1])),
        expect!["moss.generator.safetensors: size rule: multiple 1x1 and min 1x0 (width x height) must be 1 to 16384"],
    );
    refused(
        &with_document("imagine.card", |card| card["licence"] = json!("MIT")),
        expect![
            "moss.generator.safetensors: imagine.card: unknown field `licence`, expected one of `title`, `license`, `training_data`, `recipe`, `metrics`, `date`"
        ],
    );
}

#[test]
fn names_that_look_like_paths_are_only_names() {
    let evil = "../../../../etc/passwd";
    let mut hostile = generator();
    let graph = &mut hostile.output;
    let bias = graph.weights.remove("bias").unwrap();
    graph.weights.insert(evil.into(), bias);
    graph.nodes[0].inputs[2] = evil.into();
    graph.nodes[1].name = "C:\\Windows\\system32".into();
    hostile.card.title = "<script>alert(1)</script>".into();
    let bytes = file::write(&hostile, WeightFormat::F32).unwrap();
    assert_eq!(file::from_bytes(FILE, &bytes).unwrap().generator.generator, hostile);

    // Control characters could fool a terminal or a log: names with them are refused, and quoted in the message.
    refused(
        &with_graph(|graph| graph["nodes"][1]["name"] = json!("a\u{1b}[2J\n")),
        expect![[
            r#"moss.generator.safetensors: output: bad name "a\u{1b}[2J\n": 1 to 200 printable characters are needed"#
        ]],
    );
    let odd_file = file::from_bytes("moss\u{1b}[2J\n.generator.safetensors", b"").unwrap_err();
    expect![[r#"moss\u{1b}[2J\n.generator.safetensors: is cut off, or no safetensors file: length of the header ends at byte 8, the file at byte 0"#]].assert_eq(&odd_file.to_string());
}

#[test]
fn missing_files_and_folders() {
    let folder = std::env::temp_dir();
    let missing = file::load(folder.join("imagine no such file.generator.safetensors")).unwrap_err();
    expect!["imagine no such file.generator.safetensors: No such file or directory (os error 2)"]
        .assert_eq(&missing.to_string());
    let message = file::load(&folder).unwrap_err().to_string();
    assert!(message.ends_with(": is not an ordinary file"), "{message}");
}

/// Whatever is accepted is a sound generator: it writes and comes back as it is.
fn no_panic(bytes: &[u8]) -> bool {
    let Ok(loaded) = file::from_bytes(FILE, bytes) else { return false };
    let generator = loaded.generator.generator;
    let again = file::write(&generator, WeightFormat::F32).unwrap();
    assert_eq!(file::read(&again).unwrap(), generator);
    true
}

#[test]
fn every_byte_may_be_flipped_and_every_length_cut() {
    let bytes = bytes();
    for length in 0..bytes.len() {
        assert!(!no_panic(&bytes[..length]), "cut at {length}");
    }
    let mut accepted = 0;
    for at in 0..bytes.len() {
        for mask in [0x01, 0x04, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= mask;
            accepted += usize::from(no_panic(&flipped));
        }
    }
    // Mostly flips in the mantissas of weights, and a few in names and texts.
    let flips = 4 * bytes.len();
    assert!(accepted > 0 && accepted < flips / 2, "{accepted} of {flips} accepted");
}
