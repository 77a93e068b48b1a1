//! Files written or read by the Python reference in `tests/reference`, which was written from `docs/generator-file.md` alone.
//! `python_reference` of `imagine_burn` compares burn with its numbers.

use std::path::PathBuf;

use imagine_graph::file::{self, WeightFormat};
use imagine_graph::rng::{self, Domain};
use imagine_graph::{Dim, Generator, Graph, Node, Op, OutputKind, Request, Size, TensorData, TensorType, Texel};
use serde_json::{Value, json};

/// Maximum elements of an input or output of a case: the reference is slow and its numbers are committed.
const MAX_ELEMENTS: usize = 200;

fn reference(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference").join(name)
}

/// Compares with a committed file, or writes it under `UPDATE_EXPECT=1`.
fn assert_committed(name: &str, bytes: &[u8]) {
    let path = reference(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, bytes).unwrap();
    }
    let same = std::fs::read(&path).is_ok_and(|committed| committed == bytes);
    assert!(same, "{name} is not what this version writes: run with UPDATE_EXPECT=1, then tests/reference/bless.sh");
}

#[test]
fn files_from_python_are_canonical() {
    for name in ["automaton.generator.safetensors", "inputs.generator.safetensors"] {
        let bytes = std::fs::read(reference(name)).unwrap();
        let loaded = file::from_bytes(name, &bytes).unwrap();
        let again = file::write(&loaded.generator.generator, WeightFormat::F32).unwrap();
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn defaults_of_inputs_equal_the_reference() {
    let loaded = file::load(reference("inputs.generator.safetensors")).unwrap();
    let json = std::fs::read_to_string(reference("inputs.json")).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["file_hash"], loaded.hash);
    let domain = Domain { origin: Texel { y: 5, x: -6 }, wrap: false };
    let request = Request { domain, ..Request::new(Size::new(3, 4).with_batch(2), 99) };
    let resolved = loaded.generator.resolve(&request).unwrap();
    assert_eq!(resolved.inputs.len(), 8);
    for (name, tensor) in resolved.inputs {
        let elements = match &tensor.data {
            TensorData::F32(values) => ("bits", json!(values.iter().map(|v| v.to_bits()).collect::<Vec<u32>>())),
            TensorData::I32(values) => ("i32", json!(values)),
            TensorData::Bool(values) => ("bool", json!(values)),
        };
        let expected = &json["outputs"][format!("{name}.out")];
        assert_eq!(json!(tensor.shape), expected["shape"], "{name}");
        assert_eq!(elements.1, expected[elements.0], "{name}");
    }
}

#[test]
fn small_formats_do_not_change() {
    let automaton = file::load(reference("automaton.generator.safetensors")).unwrap().generator.generator;
    assert_committed("automaton_f16.generator.safetensors", &file::write(&automaton, WeightFormat::F16).unwrap());
    assert_committed("automaton_u8.generator.safetensors", &file::write(&automaton, WeightFormat::U8).unwrap());
}

/// One generator whose outputs are the small cases of all operators.
fn operators() -> Generator {
    let mut graph = Graph::default();
    let few = |of: &TensorType| of.elements() <= MAX_ELEMENTS;
    for info in Op::ALL {
        for case in (info.cases)() {
            let node = format!("{}: {}", info.name, case.name);
            let inputs =
                case.inputs.iter().enumerate().map(|(index, input)| {
                    input.as_ref().map(|tensor| (format!("{node}, input {index}"), tensor.clone()))
                });
            let inputs: Vec<_> = inputs.collect();
            let types: Vec<_> = inputs.iter().map(|input| input.as_ref().map(|(_, t)| t.tensor_type())).collect();
            let types: Vec<_> = types.iter().map(Option::as_ref).collect();
            let shapes = imagine_graph::Inputs { types: &types, size: SIZE };
            // Some cases need a size of their own.
            let Ok(outputs) = case.op.infer(&shapes) else { continue };
            if !outputs.iter().all(few) || !types.iter().flatten().all(|of| few(of)) {
                continue;
            }
            // Inputs are weights here, which some operators restrict.
            let mut weights = inputs.iter().enumerate().filter_map(|(index, input)| Some((index, input.as_ref()?)));
            if weights.any(|(index, (_, weight))| case.op.check_weight(index, weight).is_err()) {
                continue;
            }
            let names: Vec<_> = inputs.iter().map(|i| i.as_ref().map_or("", |(name, _)| name.as_str())).collect();
            let inputs_of_node = names.into_iter().map(String::from).collect();
            let part = |index| if index == 0 { node.clone() } else { format!("{node}, output {index}") };
            let outputs: Vec<_> = (0..outputs.len()).map(part).collect();
            outputs.iter().for_each(|output| graph.output(output, OutputKind::Tensor));
            graph.nodes.push(Node { name: node, op: case.op, inputs: inputs_of_node, outputs });
            graph.weights.extend(inputs.into_iter().flatten());
        }
    }
    Generator { output: graph, recurrence: None, size: Default::default(), card: Default::default() }
}

/// The size at which the reference runs the cases.
const SIZE: Size = Size { batch: 1, height: 6, width: 5 };

#[test]
fn every_operator_has_a_case_for_the_reference() {
    let generator = operators();
    for info in Op::ALL {
        assert!(generator.output.nodes.iter().any(|node| node.op.name() == info.name), "{} has none", info.name);
    }
    assert_committed("operators.generator.safetensors", &file::write(&generator, WeightFormat::F32).unwrap());
}

#[test]
fn the_documented_test_vectors_hold() {
    assert_eq!(rng::key(0, 0, 0), 0x0f02_f829);
    assert_eq!(rng::key(1, 0, 0), 0x0b3c_efc3);
    assert_eq!(rng::key(7, 1, 2), 0xe0ce_cef5);
    assert_eq!(rng::key(0x1234_5678_9abc_def0, 1000, 0), 0xcca2_9375);
    assert_eq!(rng::key(u64::MAX, u32::MAX, 63), 0xc517_1a6d);
    for ([x, y, plane, key], words, uniform, normal) in [
        ([0, 0, 0, 0], [0x0f02_f829, 0x2d56_8769, 0x32b0_c43b, 0xd325_48ea], 983_800, -11_199),
        ([1, 0, 0, 0], [0x0b3c_efc3, 0xa31d_c1d5, 0x5ffb_e5a5, 0x623d_099e], 736_495, 98_971),
        ([17, 31, 2, 0xdead_beef], [0xc754_d4d9, 0xfc26_ccc0, 0x1200_d9f7, 0x943e_5e04], 13_063_380, 117_800),
        (
            [u32::MAX, u32::MAX - 1, 5, 0xe0ce_cef5],
            [0xded1_4675, 0x7d64_654c, 0x57e5_828a, 0x7d68_f657],
            14_602_566,
            101_168,
        ),
    ] {
        assert_eq!(rng::cell(x, y, plane, key), words);
        assert_eq!(rng::uniform(words) * 16_777_216.0, uniform as f32);
        assert_eq!(rng::normal(x, y, plane, key) * 65_536.0, normal as f32);
    }
}

#[test]
fn the_initial_state_equals_the_reference() {
    let json = std::fs::read_to_string(reference("automaton.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let [seed, height, width] = ["seed", "height", "width"].map(|name| json["request"][name].as_u64().unwrap());
    let origin = serde_json::from_value(json["request"]["origin"].clone()).unwrap();
    let key = rng::key(seed, 1000, 0);
    let (low, high) = (-0.1f32, 0.1f32);
    let draw = |x, y, plane| low + (high - low) * rng::uniform(rng::cell(x, y, plane, key));
    let shape = [1, 6, height as usize, width as usize];
    let state = rng::fill(&shape, &Dim::nchw(6), Domain { origin, wrap: true }, draw);
    let expected: Vec<u32> = serde_json::from_value(json["states"][0]["bits"].clone()).unwrap();
    assert_eq!(state.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), expected);
}

#[test]
fn the_documentation_names_every_operator_and_attribute() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/generator-file.md");
    let text = std::fs::read_to_string(path).unwrap();
    let words: std::collections::HashSet<_> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut missing = Vec::new();
    for info in Op::ALL {
        let names = (info.cases)().into_iter().flat_map(|case| case.op.attributes()).map(|(name, _)| name);
        missing.extend(names.chain([info.name.to_string()]).filter(|name| !words.contains(name.as_str())));
    }
    missing.sort();
    missing.dedup();
    assert!(missing.is_empty(), "docs/generator-file.md does not mention {missing:?}");
}
