//! Burn against the Python reference in `tests/reference`, which was written from `docs/generator-file.md` alone: the same
//! files and seeds must give the same numbers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::backend::Flex;
use imagine_burn::generate;
use imagine_graph::file::{self, LoadedGenerator};
use imagine_graph::rng::Domain;
use imagine_graph::{Request, Size, Tensor, TensorData};
use serde_json::Value;

/// A file and the reference's results.
struct Reference {
    loaded: LoadedGenerator,
    request: Request,
    states: Vec<Tensor>,
    outputs: BTreeMap<String, Tensor>,
}

impl Reference {
    fn read(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference");
        let loaded = file::load(folder.join(format!("{name}.generator.safetensors"))).unwrap();
        let json = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["file_hash"], loaded.hash, "the numbers belong to another file: run tests/reference/bless.sh");
        let number = |field: &str| json["request"][field].as_u64().unwrap();
        let size = Size {
            batch: number("batch") as usize,
            height: number("height") as usize,
            width: number("width") as usize,
        };
        let origin = serde_json::from_value(json["request"]["origin"].clone()).unwrap();
        let domain = Domain { origin, wrap: json["request"]["wrap"].as_bool().unwrap() };
        let request = Request {
            domain,
            steps: json["request"]["steps"].as_u64().map(|steps| steps as u32),
            ..Request::new(size, number("seed"))
        };
        let states = json["states"].as_array().unwrap().iter().map(tensor).collect();
        let outputs = json["outputs"].as_object().unwrap().iter().map(|(name, t)| (name.clone(), tensor(t))).collect();
        Self { loaded, request, states, outputs }
    }
}

fn tensor(json: &Value) -> Tensor {
    let list = |name: &str| json[name].clone();
    let data = if json.get("bits").is_some() {
        let bits: Vec<u32> = serde_json::from_value(list("bits")).unwrap();
        TensorData::F32(bits.into_iter().map(f32::from_bits).collect())
    } else if json.get("bool").is_some() {
        TensorData::Bool(serde_json::from_value(list("bool")).unwrap())
    } else {
        TensorData::I32(serde_json::from_value(list("i32")).unwrap())
    };
    Tensor::new(serde_json::from_value(list("shape")).unwrap(), data)
}

/// The first element beyond `absolute + relative * |expected|`, if there is one.
fn difference(found: &Tensor, expected: &Tensor, [absolute, relative]: [f32; 2]) -> Option<String> {
    if found.shape != expected.shape {
        return Some(format!("shape {:?}, expected {:?}", found.shape, expected.shape));
    }
    let (Some(found), Some(expected)) = (found.as_f32(), expected.as_f32()) else {
        return (found.data != expected.data).then(|| format!("{:?}, expected {:?}", found.data, expected.data));
    };
    let pairs = found.iter().zip(expected).enumerate();
    // Written so that NaN fails.
    let within = |f: f32, e: f32| (f - e).abs() <= absolute + relative * e.abs();
    let beyond = |(_, (f, e)): &(usize, (&f32, &f32))| !within(**f, **e);
    pairs.clone().find(beyond).map(|(index, (f, e))| format!("element {index} is {f}, expected {e}"))
}

#[test]
fn an_automaton_agrees_step_by_step() {
    for name in ["automaton", "automaton_f16", "automaton_u8"] {
        let reference = Reference::read(name);
        for (steps, expected) in reference.states.iter().enumerate() {
            let request = Request { steps: Some(steps as u32), ..reference.request.clone() };
            let generated = generate::<Flex>(&reference.loaded.generator, &request, &Default::default()).unwrap();
            // The first state is random numbers alone: equal to the bit. Then differences may grow a little.
            let tolerance = if steps == 0 { [0.0, 0.0] } else { [1e-6 * steps as f32, 0.0] };
            let fault = difference(generated.state.as_ref().unwrap(), expected, tolerance);
            assert_eq!(fault, None, "{name} after {steps} steps");
        }
        let generated = generate::<Flex>(&reference.loaded.generator, &reference.request, &Default::default()).unwrap();
        assert_eq!(generated.outputs.len(), reference.outputs.len());
        for (output, found) in generated.outputs {
            assert_eq!(
                difference(&found, &reference.outputs[&output.name], [1e-5, 0.0]),
                None,
                "{name}, {}",
                output.name
            );
        }
    }
}

#[test]
fn every_operator_agrees() {
    let reference = Reference::read("operators");
    let generated = generate::<Flex>(&reference.loaded.generator, &reference.request, &Default::default()).unwrap();
    let nodes = &reference.loaded.generator.generator.output.nodes;
    let mut faults = Vec::new();
    for ((output, found), node) in generated.outputs.iter().zip(nodes) {
        let tolerance = node.op.tolerance();
        let tolerance = [tolerance.absolute, tolerance.relative];
        let fault = difference(found, &reference.outputs[&output.name], tolerance);
        faults.extend(fault.map(|fault| format!("{}: {fault}", output.name)));
    }
    assert!(faults.is_empty(), "{} of {} examples:\n{}", faults.len(), nodes.len(), faults.join("\n"));
}
