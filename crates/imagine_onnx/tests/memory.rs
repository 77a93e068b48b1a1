//! Memory is bounded by a multiple of the model's length, as a counting allocator measures.

#[path = "../../imagine_graph/tests/counting/mod.rs"]
mod counting;
#[path = "it/models.rs"]
mod models;

use imagine_onnx::proto::{ModelProto, StringStringEntryProto, TensorProto};
use imagine_onnx::{ExternalData, Roles, generator_from_bytes, generator_from_file};
use models::*;
use prost::Message;

const MIB: usize = 1 << 20;

/// Whether `bytes` become a generator, and the peak of allocated bytes meanwhile.
fn peak(bytes: &[u8]) -> (bool, usize) {
    let mut sound = false;
    let peak = counting::peak(|| {
        let result = generator_from_bytes(bytes, ExternalData::None, &Roles::default());
        sound = result.is_ok();
        result
    });
    (sound, peak)
}

/// A model that multiplies a picture by `weight`.
fn scaling(weight: TensorProto) -> ModelProto {
    model(17, &["n", "3", "h", "w"], vec![weight], vec![node("Mul", &["x", "w"], "y", vec![])])
}

/// A file beyond the limit is refused before it is read; this one takes no space on the disk.
fn too_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.onnx");
    std::fs::File::create(&path).unwrap().set_len(1 << 31).unwrap();
    let peak = counting::peak(|| {
        let error = generator_from_file(&path, &Roles::default()).unwrap_err().to_string();
        assert!(error.contains("long.onnx: has more than 2147483647 bytes"), "{error}");
    });
    assert!(peak < MIB / 4, "{peak}");
}

/// One test, because the counters are global.
#[test]
fn memory_is_bounded() {
    // A graph and a weight that announce 2^31 missing bytes.
    let announced = [0x80, 0x80, 0x80, 0x80, 0x08];
    let graph = [&[0x3a][..], &announced].concat();
    let weight_of_2_gb = [&[0x3a, 0x08, 0x2a, 0x06, 0x4a][..], &announced].concat();
    let shape = TensorProto { dims: vec![1 << 16, 1 << 15], ..weight("w", &[3, 1, 1]) };
    let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
    let external_data = vec![entry("location", "w.bin"), entry("length", "2147483648")];
    let elsewhere = TensorProto { data_location: 1, external_data, ..shape.clone() };
    for (what, bytes) in [
        ("graph of 2 GB", graph),
        ("weight of 2 GB", weight_of_2_gb),
        ("shape of 2^31 elements", scaling(shape).encode_to_vec()),
        ("2 GB in another file", scaling(elsewhere).encode_to_vec()),
    ] {
        let (sound, peak) = peak(&bytes);
        println!("{what}: {} bytes, peak {peak}", bytes.len());
        assert!(!sound && peak < MIB / 4, "{what}: {peak}");
    }
    too_long();

    let mut chain: Vec<_> =
        (0..5000).map(|i| node("Relu", &[&format!("v{i}")], &format!("v{}", i + 1), vec![])).collect();
    (chain[0].input[0], chain[4999].output[0]) = ("x".into(), "y".into());
    let large = TensorProto { raw_data: vec![0; 4 * MIB], float_data: vec![], ..weight("w", &[3, 1, 1]) };
    let large = TensorProto { dims: vec![MIB as i64 / 4, 4, 1, 1], ..large };
    let pooled = model(17, &["1", "4", "1", "1"], vec![large], vec![node("Conv", &["x", "w"], "y", vec![])]);
    for (what, model, most) in
        [("4 MB of weights", pooled, 6.5), ("5,000 nodes", model(17, &["n", "3", "h", "w"], vec![], chain), 90.0)]
    {
        let bytes = model.encode_to_vec();
        let (sound, peak) = peak(&bytes);
        let factor = peak as f64 / bytes.len() as f64;
        println!("{what}: {} bytes, peak {peak}, {factor:.1} x", bytes.len());
        assert!(sound && factor < most, "{what}: {sound}, {factor} x");
    }
}
