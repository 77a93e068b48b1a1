//! Models as generators: guessed and given roles, the roles file, sizes, and external data.

use std::collections::BTreeMap;
use std::path::Path;

use crate::models::*;
use expect_test::{Expect, expect};
use imagine_graph::{ColorSpace, Dim, Extent, InputKind, OutputKind, Ratio, Size, SizeRule, Symbol, ValidGenerator};
use imagine_onnx::proto::{ModelProto, StringStringEntryProto, TensorProto};
use imagine_onnx::{
    AssignedRole, ExternalData, Roles, external_data_files, generator_from_bytes, generator_from_file, roles_path,
};
use prost::Message;

/// A network that makes a picture twice as large.
fn enlarging() -> ModelProto {
    let scales = TensorProto { dims: vec![4], data_type: 1, float_data: vec![1.0, 1.0, 2.0, 2.0], ..weight("s", &[4]) };
    let resize = node("Resize", &["x", "", "s"], "y", vec![text("mode", "nearest")]);
    model(17, &["n", "3", "h", "w"], vec![scales], vec![resize])
}

fn generator(model: &ModelProto, roles: &str) -> Result<(ValidGenerator, Vec<AssignedRole>), String> {
    let roles = Roles::from_ron("m.onnx.ron", roles).map_err(|error| error.to_string())?;
    generator_from_bytes(&model.encode_to_vec(), ExternalData::None, &roles).map_err(|error| error.to_string())
}

fn fault(model: &ModelProto, roles: &str, expected: Expect) {
    expected.assert_eq(&generator(model, roles).map(|_| ()).unwrap_err());
}

#[test]
fn roles_are_guessed_and_sizes_are_found() {
    let (valid, used) = generator(&enlarging(), "()").unwrap();
    let used: Vec<_> = used.iter().map(|used| (used.name.as_str(), used.role.as_str(), used.guessed)).collect();
    assert_eq!(used, [("x", "image:srgb", true), ("y", "base_color", true)]);
    let graph = &valid.generator.output;
    assert_eq!(graph.inputs[0].kind, InputKind::Image(ColorSpace::Srgb));
    assert_eq!(
        graph.inputs[0].shape[2..],
        [Dim::Symbol(Symbol::Height(Ratio::new(1, 2))), Dim::Symbol(Symbol::Width(Ratio::new(1, 2)))]
    );
    assert_eq!(valid.generator.size, SizeRule { multiple: Extent::splat(2), min: Extent::splat(2), tiles: false });
}

#[test]
fn a_roles_file_gives_what_cannot_be_guessed() {
    let roles = r#"(
        inputs: { "x": "image:linear@0..255" },
        outputs: { "y": "normal@-1..1" },
        size: (multiple: (4, 8), min: (16, 8), tiles: true),
        card: (
            title: "Twice", license: "CC0-1.0", date: "2026-11-23",
            training_data: [(name: "none", source: "https://example.org", license: "CC0-1.0", sha256: "")],
            metrics: { "psnr": 30.5 },
        ),
    )"#;
    let (valid, used) = generator(&enlarging(), roles).unwrap();
    assert!(used.iter().all(|used| !used.guessed));
    let found = &valid.generator;
    assert_eq!(
        found.size,
        SizeRule { multiple: Extent { height: 4, width: 8 }, min: Extent { height: 16, width: 8 }, tiles: true }
    );
    assert_eq!((found.card.title.as_str(), found.card.training_data.len()), ("Twice", 1));
    assert_eq!(found.output.outputs[0].kind, OutputKind::Normal);
    // Both ranges are a product and a sum.
    assert_eq!(found.output.nodes.len(), 5);
}

#[test]
fn open_dimensions_are_fixed_by_position_or_name() {
    for dims in [r#"{ "x/2": 8, "x/3": 4 }"#, r#"{ "h": 8, "w": 4 }"#] {
        let (valid, _) = generator(&enlarging(), &format!("(dims: {dims})")).unwrap();
        assert_eq!(
            valid.generator.size,
            SizeRule { multiple: Extent { height: 16, width: 8 }, min: Extent { height: 16, width: 8 }, tiles: false }
        );
    }
    let half = r#"(dims: { "x/2": { "height": (1, 2) }, "x/3": { "width": (1, 2) } })"#;
    let (valid, _) = generator(&enlarging(), half).unwrap();
    assert_eq!(valid.output.bind(Size::new(6, 4)).unwrap().value_type(valid.output.outputs()[0]).shape, [1, 3, 6, 4]);
}

#[test]
fn faults_of_a_roles_file_name_line_and_column() {
    fault(
        &enlarging(),
        "(\n  inputs: { \"x\": \"picture\" },\n)",
        expect![[
            r#"m.onnx.ron:2:19: unknown input role "picture", expected one of: image, image:srgb, image:linear, mask, latent, latent:normal, latent:uniform, range, choice, color, tensor"#
        ]],
    );
    fault(
        &enlarging(),
        "(outputs: { \"y\": \"height@3..1\" })",
        expect![[r#"m.onnx.ron:1:19: range "3..1" of a role: expected LOW..HIGH, as in -1..1"#]],
    );
    fault(
        &enlarging(),
        "(\n  input: {},\n)",
        expect![
            "m.onnx.ron:2:3: Unexpected field named `input` in `Roles`, expected one of `inputs`, `outputs`, `dims`, `values`, `size`, or `card` instead"
        ],
    );
    fault(&enlarging(), "(inputs: {", expect!["m.onnx.ron:1:10: Expected string"]);
    fault(
        &enlarging(),
        "(size: (multiple: (0, 1), min: (1, 1), tiles: false))",
        expect!["size rule: multiple 1x0 and min 1x1 (width x height) must be 1 to 16384"],
    );
    fault(&enlarging(), "(size: (multiple: (-1, 1)))", expect!["m.onnx.ron:1:21: Integer is out of bounds"]);
    fault(
        &enlarging(),
        "(dims: { \"x/2\": \"tall\" })",
        expect![[r#"m.onnx.ron:1:18: expected a whole number, "batch", {"height": [n, d]} or {"width": [n, d]}"#]],
    );
    fault(
        &enlarging(),
        "(dims: { \"depth\": 3 })",
        expect![[
            r#"input "depth": is in `dims` (--dim), but no input has such a dimension; open ones are ["x/0", "x/2", "x/3"]"#
        ]],
    );
    fault(
        &enlarging(),
        "(inputs: { \"z\": \"mask\" })",
        expect![[r#"the roles name input "z", but the model has ["x"]"#]],
    );
    fault(
        &enlarging(),
        "(outputs: { \"z\": \"height\" })",
        expect![[r#"the roles name output "z", but the model has ["y"]"#]],
    );
    fault(
        &enlarging(),
        "(outputs: { \"y\": \"height\" })",
        expect![[r#"output: output "y" (height) is [1, 3, 2, 2], expected [1, 1, 2, 2] at this size"#]],
    );
}

#[test]
fn endless_roles_files_are_refused() {
    fault(&enlarging(), &"[".repeat(100_000), expect!["m.onnx.ron:1:1: Expected opening `(` for struct `Roles`"]);
    fault(
        &enlarging(),
        &format!("(dims: {{\"h\": {}", "[".repeat(100_000)),
        expect!["m.onnx.ron:1:76: is nested too deeply"],
    );
    fault(&enlarging(), &" ".repeat(2_000_000), expect!["m.onnx.ron:1:1: has 2000000 bytes, expected at most 1048576"]);
}

#[test]
fn an_output_without_elements_is_refused() {
    let nothing = node("Shape", &["x"], "y", vec![int("start", 1), int("end", 1)]);
    fault(
        &model(17, &["n", "3", "h", "w"], vec![], vec![nothing]),
        "()",
        expect![[r#"output "y": has no elements: export the model without it"#]],
    );
}

#[test]
fn no_prefix_and_no_changed_byte_of_a_roles_file_panics() {
    let text =
        r#"(inputs: {"x": "image@0..255"}, dims: {"n": "batch"}, size: (multiple: (4, 4), min: (8, 8), tiles: true))"#;
    let (mut read, mut refused) = (0, 0);
    let mut count = |text: &str| match Roles::from_ron("f", text) {
        Ok(_) => read += 1,
        Err(_) => refused += 1,
    };
    for end in 0..=text.len() {
        count(&text[..end]);
        for byte in [0, b'(', b'"', b'9', b'-', 0x7f] {
            let mut bytes = text.as_bytes().to_vec();
            bytes.iter_mut().skip(end).take(1).for_each(|old| *old = byte);
            count(&String::from_utf8_lossy(&bytes));
        }
    }
    assert!(read > 0 && refused > 500, "{read} read, {refused} refused");
}

#[test]
fn the_roles_file_is_beside_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, enlarging().encode_to_vec()).unwrap();
    assert_eq!(Roles::beside(&path).unwrap(), Roles::default());
    assert_eq!(roles_path(Path::new("a/m.onnx")), Path::new("a/m.onnx.ron"));
    std::fs::write(roles_path(&path), "(inputs: { \"x\": \"image:linear\" })").unwrap();
    let (_, used) = generator_from_file(&path, &Roles::beside(&path).unwrap()).unwrap();
    assert_eq!((used[0].role.as_str(), used[0].guessed, used[1].guessed), ("image:linear", false, true));
    std::fs::write(roles_path(&path), b"(card: (title: \"\xff\"))").unwrap();
    assert!(Roles::beside(&path).unwrap_err().to_string().contains("UTF-8"));
    assert!(generator_from_file(folder.path(), &Roles::default()).unwrap_err().to_string().contains("not a file"));
}

/// A model that keeps its one weight, three floats, in another file.
fn with_weights_in(location: &str) -> ModelProto {
    let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
    let external_data = vec![entry("location", location), entry("offset", "4"), entry("length", "12")];
    let scale = TensorProto { float_data: vec![], data_location: 1, external_data, ..weight("s", &[1, 3, 1, 1]) };
    model(17, &["n", "3", "h", "w"], vec![scale], vec![node("Mul", &["x", "s"], "y", vec![])])
}

#[test]
fn external_data_in_memory() {
    let bytes = with_weights_in("parts/w.bin").encode_to_vec();
    assert_eq!(external_data_files(&bytes).unwrap(), ["parts/w.bin".to_string()].into());
    let floats: Vec<u8> = [9.0f32, 1.0, 2.0, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let read = |files: &BTreeMap<String, Vec<u8>>| {
        let found = generator_from_bytes(&bytes, ExternalData::Files(files), &Roles::default());
        found.map(|(valid, _)| valid.generator.output.weights["s"].as_f32().unwrap().to_vec())
    };
    assert_eq!(read(&BTreeMap::from([("parts/w.bin".into(), floats.clone())])).unwrap(), [1.0, 2.0, 3.0]);
    let missing = read(&BTreeMap::new()).unwrap_err().to_string();
    expect![[r#"initializer "s": external data "parts/w.bin": not found: keep this file beside the model"#]]
        .assert_eq(&missing);
    let short = read(&BTreeMap::from([("parts/w.bin".into(), floats[1..].to_vec())])).unwrap_err().to_string();
    expect![[r#"initializer "s": external data "parts/w.bin": 12 bytes at 4, but the file has 15: it is truncated or belongs to another model"#]].assert_eq(&short);
    let outside = external_data_files(&with_weights_in("../w.bin").encode_to_vec()).unwrap_err().to_string();
    expect![[r#"tensor "s": external data "../w.bin" is not a file below the model's folder"#]].assert_eq(&outside);
}
