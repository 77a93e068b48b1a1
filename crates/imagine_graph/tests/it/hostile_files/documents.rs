//! Damaged documents and graphs: every fault has a message that names the file and the fault.

use expect_test::expect;
use imagine_graph::file::{self, WeightFormat};
use serde_json::json;

use super::{FILE, generator, refused, with_document, with_graph, with_header, with_text};

#[test]
fn the_unchanged_file_loads() {
    let loaded = file::from_bytes(FILE, &with_graph(|_| {})).unwrap();
    assert_eq!((loaded.name.as_str(), loaded.generator.generator), ("moss", generator()));
}

#[test]
fn duplicate_names() {
    refused(
        &with_text("\"output.bias\":", "\"output.weight\":"),
        expect![[r#"moss.generator.safetensors: header: duplicate name "output.weight" at line 1 column 860"#]],
    );
    refused(
        &with_text("{\"imagine.card\"", "{\"imagine.format\":\"1\",\"imagine.card\""),
        expect![[r#"moss.generator.safetensors: header: duplicate name "imagine.format" at line 1 column 171"#]],
    );
    refused(
        &with_text("\\\"pad_mode\\\":", "\\\"group\\\":1,\\\"group\\\":2,\\\"pad_mode\\\":"),
        expect![[r#"moss.generator.safetensors: imagine.graphs: duplicate name "group" at line 1 column 151"#]],
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
            moss.generator.safetensors: output: nodes depend on each other in a cycle: ["tanh", "up3.conv"]"#]],
    );
}

#[test]
fn cyclic() {
    refused(
        &with_graph(|graph| graph["nodes"][0]["inputs"][0] = json!("tanh")),
        expect![[r#"moss.generator.safetensors: output: nodes depend on each other in a cycle: ["tanh", "up3.conv"]"#]],
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
        expect![[r#"moss.generator.safetensors: tensor "output.bias" is not used by any node or output"#]],
    );
    refused(
        &with_text("\"output.bias\":", "\"step.bias\":"),
        expect![[
            r#"moss.generator.safetensors: tensor "step.bias": names must be "<graph>.<weight>", with the graphs output"#
        ]],
    );
    refused(
        &with_text("\"output.bias\":", "\"bias\":"),
        expect![[
            r#"moss.generator.safetensors: tensor "bias": names must be "<graph>.<weight>", with the graphs output"#
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
            r#"moss.generator.safetensors: a recurrent generator needs "recurrence" in imagine.generator and the graphs "init" and "step"; missing: "recurrence", "init""#
        ]],
    );
    refused(
        &with_document("imagine.generator", |generator| generator["size"]["min"] = json!([0, 1])),
        expect!["moss.generator.safetensors: size rule: multiple 1x1 and min 1x0 (width x height) must be 1 to 16384"],
    );
    refused(
        &with_document("imagine.card", |card| card["licence"] = json!("MIT")),
        expect![
            "moss.generator.safetensors: imagine.card: unknown field `licence`, expected one of `title`, `license`, `training_data`, `recipe`, `metrics`, `date`, `texels_per_metre`"
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
            r#"moss.generator.safetensors: output: bad name "a\u{1b}[2J\n": a name must have 1 to 200 printable characters"#
        ]],
    );
    let odd_file = file::from_bytes("moss\u{1b}[2J\n.generator.safetensors", b"").unwrap_err();
    expect![[r#"moss\u{1b}[2J\n.generator.safetensors: is truncated or not a safetensors file: length of the header ends at byte 8, the file at byte 0"#]].assert_eq(&odd_file.to_string());
}
