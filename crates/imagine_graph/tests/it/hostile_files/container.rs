//! Damaged containers: every fault has a message that names the file and the fault, and nothing panics.

use expect_test::expect;
use imagine_graph::file::{self, WeightFormat};
use serde_json::{Value, json};

use super::{FILE, bytes, join, refused, split, with_header, with_text};

#[test]
fn truncated() {
    refused(
        &[],
        expect![
            "moss.generator.safetensors: is truncated or not a safetensors file: length of the header ends at byte 8, the file at byte 0"
        ],
    );
    refused(
        &bytes()[..7],
        expect![
            "moss.generator.safetensors: is truncated or not a safetensors file: length of the header ends at byte 8, the file at byte 7"
        ],
    );
    refused(
        &bytes()[..300],
        expect![
            "moss.generator.safetensors: is truncated or not a safetensors file: header ends at byte 928, the file at byte 300"
        ],
    );
    refused(
        &bytes()[..bytes().len() - 1],
        expect![
            "moss.generator.safetensors: is truncated or not a safetensors file: tensor data ends at byte 1008, the file at byte 1007"
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
            "moss.generator.safetensors: is damaged or not a safetensors file: its header claims 18446744073709551615 bytes, the limit is 16777216"
        ],
    );
    bytes[..8].copy_from_slice(&(file::MAX_HEADER_BYTES).to_le_bytes());
    refused(
        &bytes,
        expect![
            "moss.generator.safetensors: is truncated or not a safetensors file: header ends at byte 16777224, the file at byte 1008"
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
            "moss.generator.safetensors: is damaged or not a safetensors file: its header claims 727905341920923785 bytes, the limit is 16777216"
        ],
    );
    let tensor = json!({ "model.layers.0.weight": { "dtype": "F32", "shape": [1], "data_offsets": [0, 4] } });
    refused(
        &join(&tensor.to_string(), &[0; 4]),
        expect![[
            r#"moss.generator.safetensors: is a safetensors file, but not a generator: its metadata has no "imagine.format" (1 tensors, such as "model.layers.0.weight")"#
        ]],
    );
    refused(
        &with_text("\"imagine.format\":\"1\"", "\"imagine.format\":\"2\""),
        expect![[
            r#"moss.generator.safetensors: format "2" is not supported, only "1"; a newer version of bevy_imagine may read it"#
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
            r#"moss.generator.safetensors: tensor "output.weight" begins at byte 4 of the data, expected 8: tensors must not overlap or leave gaps"#
        ]],
    );
    refused(
        &with_header(|header| header["output.bias"]["data_offsets"] = json!([64, 72])),
        expect![[
            r#"moss.generator.safetensors: tensor "output.weight" begins at byte 8 of the data, expected 0: tensors must not overlap or leave gaps"#
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
            r#"moss.generator.safetensors: tensor "output.weight" begins at byte 8 of the data, expected 0: tensors must not overlap or leave gaps"#
        ]],
    );
    refused(
        &[bytes(), vec![0]].concat(),
        expect![
            "moss.generator.safetensors: has data after the last tensor: tensors end at byte 1008, the file at byte 1009"
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
fn missing_files_and_folders() {
    let folder = std::env::temp_dir();
    let missing = file::load(folder.join("imagine no such file.generator.safetensors")).unwrap_err();
    expect!["imagine no such file.generator.safetensors: No such file or directory (os error 2)"]
        .assert_eq(&missing.to_string());
    let message = file::load(&folder).unwrap_err().to_string();
    assert!(message.ends_with(": is a folder or a device: give the name of a file"), "{message}");
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
