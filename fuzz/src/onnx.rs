//! Entry functions of the target `onnx_import`.
//!
//! The first byte chooses: raw bytes, a file of roles, or a sound model that is changed as the rest says.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arbitrary::Unstructured;
use imagine_graph::{Op, Size};
use imagine_onnx::proto::*;
use imagine_onnx::{
    ExternalData, Fault, ImportError, Options, Roles, describe, external_data_files, generator_from_bytes, import,
};
use prost::Message;

type Result<T> = arbitrary::Result<T>;

/// How far a model came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is no model, or a part of it cannot become a part of a graph.
    Refused,
    /// It is a graph, which is not valid or makes no generator.
    Invalid,
    /// It is a valid generator.
    Valid,
}

/// Largest model that is changed; larger ones cost time and have no more to find.
const MOST_BYTES: u64 = 20_000;

/// Largest number of changes.
const MOST_CHANGES: usize = 3;

/// Numbers that go wrong.
const HOSTILE: [i64; 16] = [0, 1, 2, 3, -1, -2, 5, 7, 16, 64, 4096, 65_536, 1 << 31, -(1 << 31), i64::MAX, i64::MIN];

/// Reads what `data` stands for.
pub fn onnx_import(data: &[u8]) -> Stage {
    match data.split_first() {
        None => read(data),
        Some((0..8, rest)) => read(rest),
        Some((8..16, rest)) => roles(&String::from_utf8_lossy(rest)),
        Some((_, rest)) => {
            let mut unstructured = Unstructured::new(rest);
            read(&draft(&mut unstructured).unwrap_or_default())
        }
    }
}

/// Everything that is done with the bytes of a model.
fn read(bytes: &[u8]) -> Stage {
    let _ = (describe(bytes), external_data_files(bytes));
    let (generator, _) = match generator_from_bytes(bytes, ExternalData::None, &Roles::default()) {
        Ok(found) => found,
        Err(error) => return stage(&error, bytes),
    };
    for size in [generator.generator.size.smallest(), Size::new(97, 61), Size::new(usize::MAX, 0).with_batch(3)] {
        if let Ok(bound) = generator.output.bind(size) {
            let _ = bound.support();
        }
    }
    Stage::Valid
}

/// A graph that makes no generator is still a graph, and is valid as such.
fn stage(error: &ImportError, bytes: &[u8]) -> Stage {
    assert!(!error.to_string().is_empty());
    let is_graph = |fault: &Fault| matches!(fault, Fault::Graph(_) | Fault::NoSize { .. });
    if !error.0.iter().all(is_graph) {
        return Stage::Refused;
    }
    if let Ok(found) = import(bytes, &Options::default()) {
        found.graph.validate().expect("an import gives a valid graph").bind(found.size).expect("at the size it names");
    }
    Stage::Invalid
}

fn roles(text: &str) -> Stage {
    match Roles::from_ron("fuzz.onnx.ron", text) {
        Ok(_) => Stage::Valid,
        Err(error) => {
            assert!(error.to_string().starts_with("fuzz.onnx.ron:"));
            Stage::Refused
        }
    }
}

/// The sound models, small ones of `tests/families` and `third_party/onnx`, in one order.
fn models() -> &'static [ModelProto] {
    static MODELS: OnceLock<Vec<ModelProto>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = root.ancestors().find(|folder| folder.join("tests/families").is_dir()).expect("the workspace");
        let mut files = Vec::new();
        for folder in ["tests/families", "third_party/onnx/node"] {
            find(&root.join(folder), &mut files);
        }
        files.sort();
        let small = files.iter().filter(|file| file.metadata().is_ok_and(|data| data.len() <= MOST_BYTES));
        let models = small.filter_map(|file| ModelProto::decode(std::fs::read(file).ok()?.as_slice()).ok());
        let models: Vec<_> = models.filter(|model| model.graph.as_ref().is_some_and(|g| !g.node.is_empty())).collect();
        assert!(models.len() > 3, "the models are missing");
        models
    })
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "onnx") {
            files.push(path);
        }
    }
}

/// The bytes of a model with some changes, one in eight of them damaged.
fn draft(data: &mut Unstructured) -> Result<Vec<u8>> {
    let models = models();
    let mut model = data.choose(models)?.clone();
    for _ in 0..data.int_in_range(0..=MOST_CHANGES)? {
        // Where the data ends, what is there by then is a model too.
        if change(&mut model, data).is_err() {
            break;
        }
    }
    let mut bytes = model.encode_to_vec();
    if data.ratio(1, 8).unwrap_or(false) {
        for _ in 0..3 {
            let at = data.choose_index(bytes.len().max(1))?;
            match data.int_in_range(0..=2)? {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, data.arbitrary()?),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x55),
            }
        }
    }
    Ok(bytes)
}

fn change(model: &mut ModelProto, data: &mut Unstructured) -> Result<()> {
    let Some(graph) = &mut model.graph else { return Ok(()) };
    match data.int_in_range(0..=9)? {
        0 => model.opset_import.iter_mut().for_each(|set| set.version = data.int_in_range(5..=27).unwrap_or(7)),
        1 => change_input(graph, data)?,
        2 => change_weight(graph, data)?,
        3 => splice(graph, data)?,
        4 => wire(graph, data)?,
        5 => {
            let at = data.choose_index(graph.node.len().max(1))?;
            let node = graph.node.get(at).cloned();
            match data.int_in_range(0..=2)? {
                0 => graph.node.truncate(at),
                1 => graph.node.extend(node),
                _ if node.is_some() => graph.node.swap(0, at),
                _ => {}
            }
        }
        6 => {
            let names: Vec<String> = graph.node.iter().flat_map(|node| node.output.clone()).collect();
            let name = if names.is_empty() { String::new() } else { data.choose(&names)?.clone() };
            graph.output.push(ValueInfoProto { name, r#type: None });
        }
        _ => change_node(graph, data)?,
    }
    Ok(())
}

fn number(data: &mut Unstructured) -> Result<i64> {
    Ok(if data.ratio(3, 4)? { *data.choose(&HOSTILE)? } else { i64::from(data.arbitrary::<i8>()?) })
}

fn numbers(list: &mut Vec<i64>, data: &mut Unstructured) -> Result<()> {
    let at = data.choose_index(list.len().max(1))?;
    match data.int_in_range(0..=3)? {
        0 => list.truncate(at),
        1 => list.insert(at.min(list.len()), number(data)?),
        _ if list.is_empty() => list.push(number(data)?),
        _ => list[at] = number(data)?,
    }
    Ok(())
}

/// The shape or element type of an input or output.
fn change_input(graph: &mut GraphProto, data: &mut Unstructured) -> Result<()> {
    let mut ports: Vec<_> = graph.input.iter_mut().chain(&mut graph.output).collect();
    let at = data.choose_index(ports.len().max(1))?;
    let Some(port) = ports.get_mut(at) else { return Ok(()) };
    let Some(tensor) = port.r#type.as_mut().and_then(|found| found.tensor_type.as_mut()) else { return Ok(()) };
    let names = ["N", "batch", "height", "width", "W", "unk__1", ""];
    match (data.int_in_range(0..=4)?, &mut tensor.shape) {
        (0, _) => tensor.elem_type = data.int_in_range(0..=17)?,
        (1, shape) => *shape = None,
        (2, Some(shape)) => shape.dim.truncate(data.choose_index(shape.dim.len().max(1))?),
        (_, Some(shape)) if !shape.dim.is_empty() => {
            let axis = data.choose_index(shape.dim.len())?;
            shape.dim[axis] = match data.ratio(1, 2)? {
                true => DimensionProto { dim_value: Some(number(data)?), dim_param: None },
                false => DimensionProto { dim_value: None, dim_param: Some(data.choose(&names)?.to_string()) },
            };
        }
        _ => {}
    }
    Ok(())
}

fn change_weight(graph: &mut GraphProto, data: &mut Unstructured) -> Result<()> {
    let at = data.choose_index(graph.initializer.len().max(1))?;
    if graph.initializer.is_empty() || data.ratio(1, 6)? {
        // An input becomes a constant, which folds what is computed from it.
        let Some(name) = graph.input.first().map(|input| input.name.clone()) else { return Ok(()) };
        let int64_data = (0..data.int_in_range(0..=4)?).map(|_| number(data)).collect::<Result<Vec<_>>>()?;
        let dims = vec![int64_data.len() as i64];
        graph.initializer.push(TensorProto { name, dims, data_type: 7, int64_data, ..Default::default() });
        return Ok(());
    }
    change_tensor(&mut graph.initializer[at], data)?;
    if data.ratio(1, 8)? {
        graph.initializer.swap_remove(at);
    }
    Ok(())
}

fn change_tensor(tensor: &mut TensorProto, data: &mut Unstructured) -> Result<()> {
    match data.int_in_range(0..=6)? {
        0 => tensor.data_type = data.int_in_range(0..=17)?,
        1 => tensor.raw_data.truncate(data.choose_index(tensor.raw_data.len().max(1))?),
        2 => tensor.data_location = 1,
        3 => {
            let (key, value) =
                (*data.choose(&["location", "offset", "length"])?, *data.choose(&["..", "1", "/a", "a/b"])?);
            tensor.external_data.push(StringStringEntryProto { key: key.into(), value: value.into() });
        }
        4 => numbers(&mut tensor.int64_data, data)?,
        5 if !tensor.raw_data.is_empty() => {
            let at = data.choose_index(tensor.raw_data.len())?;
            tensor.raw_data[at] = data.arbitrary()?;
        }
        _ => numbers(&mut tensor.dims, data)?,
    }
    Ok(())
}

/// A node of another model in place of one of this, with this one's values.
fn splice(graph: &mut GraphProto, data: &mut Unstructured) -> Result<()> {
    let Some(other) = &data.choose(models())?.graph else { return Ok(()) };
    let mut node = data.choose(&other.node)?.clone();
    let at = data.choose_index(graph.node.len().max(1))?;
    let Some(old) = graph.node.get_mut(at) else { return Ok(()) };
    let weights = other.initializer.iter().filter(|weight| node.input.contains(&weight.name));
    graph.initializer.extend(weights.cloned());
    for (new, old) in node.input.iter_mut().zip(&old.input) {
        if !other.initializer.iter().any(|weight| weight.name == *new) {
            new.clone_from(old);
        }
    }
    for (new, old) in node.output.iter_mut().zip(&old.output) {
        new.clone_from(old);
    }
    *old = node;
    Ok(())
}

/// Another value for an input of a node, or another name for one of its outputs.
fn wire(graph: &mut GraphProto, data: &mut Unstructured) -> Result<()> {
    let values = graph.node.iter().flat_map(|node| node.output.clone());
    let inputs = graph.input.iter().map(|input| input.name.clone());
    let weights = graph.initializer.iter().map(|weight| weight.name.clone());
    let names: Vec<String> = values.chain(inputs).chain(weights).chain([String::new()]).collect();
    let at = data.choose_index(graph.node.len().max(1))?;
    let Some(node) = graph.node.get_mut(at) else { return Ok(()) };
    let name = data.choose(&names)?.clone();
    let list = if data.ratio(3, 4)? { &mut node.input } else { &mut node.output };
    let slot = data.choose_index(list.len() + 1)?;
    match list.get_mut(slot) {
        Some(old) => *old = name,
        None => list.push(name),
    }
    Ok(())
}

/// The operator or an attribute of a node.
fn change_node(graph: &mut GraphProto, data: &mut Unstructured) -> Result<()> {
    let at = data.choose_index(graph.node.len().max(1))?;
    let Some(node) = graph.node.get_mut(at) else { return Ok(()) };
    if data.ratio(1, 4)? {
        node.op_type = data.choose(Op::ALL)?.name.into();
        return Ok(());
    }
    let names = ["axis", "axes", "pads", "strides", "kernel_shape", "group", "mode", "perm", "to", "value", "keepdims"];
    if node.attribute.is_empty() || data.ratio(1, 8)? {
        let kind = *data.choose(&[1, 2, 7])?;
        let name = data.choose(&names)?.to_string();
        node.attribute.push(AttributeProto { name, kind, ints: vec![1, 1], i: 1, ..Default::default() });
    }
    let index = data.choose_index(node.attribute.len())?;
    let attribute = &mut node.attribute[index];
    match data.int_in_range(0..=7)? {
        0 => attribute.kind = data.int_in_range(0..=14)?,
        1 => attribute.name = data.choose(&names)?.to_string(),
        2 => attribute.f = *data.choose(&[0.0, -1.0, f32::NAN, f32::INFINITY, 1e-30, 3e38])?,
        3 => {
            attribute.s =
                data.choose(&["linear", "SAME_UPPER", "constant", "reflect", "\u{fffd}", "DCR"])?.as_bytes().into()
        }
        _ => match (&mut attribute.t, &mut attribute.g) {
            (Some(tensor), _) => change_tensor(tensor, data)?,
            (_, Some(branch)) => change_node(branch, data)?,
            _ if !attribute.ints.is_empty() => numbers(&mut attribute.ints, data)?,
            _ => attribute.i = number(data)?,
        },
    }
    if data.ratio(1, 12)? {
        node.attribute.swap_remove(index);
    }
    Ok(())
}
