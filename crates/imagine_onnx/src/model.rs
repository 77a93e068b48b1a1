//! The frame of an import: operator set, inputs, outputs, and the check of what came out.

use std::collections::{BTreeMap, HashSet};

use imagine_graph::{DType, Dim, Graph, GraphInput, GraphOutput, InputKind, OutputKind, Size, TensorType};

use crate::array::Array;
use crate::convert::{Importer, Value};
use crate::error::{Fault, ImportError};
use crate::external::External;
use crate::probe::Probes;
use crate::proto::{DimensionProto, GraphProto, ModelProto, ValueInfoProto};
use crate::{ElementType, Import, Options, Port};

const OPSETS: std::ops::RangeInclusive<i64> = 1..=27;

/// Imports a decoded model.
pub(crate) fn import(model: &ModelProto, external: External, options: &Options) -> Result<Import, ImportError> {
    let opset = opset(model)?;
    let graph = model.graph.as_ref().ok_or(Fault::NoGraph)?;
    if !graph.sparse_initializer.is_empty() {
        let remedy = "store the weights as dense tensors";
        return Err(Fault::Unsupported { what: "sparse initializers", remedy }.into());
    }
    check_options(graph, options)?;
    let stored: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let given =
        |input: &&ValueInfoProto| !stored.contains(input.name.as_str()) && !options.values.contains_key(&input.name);
    let all = ports(graph.input.iter().filter(given), options)?;
    // A tensor without elements is known, and a graph cannot hold it.
    let (empty, inputs): (Vec<_>, Vec<_>) = all.into_iter().partition(|port| port.shape.contains(&Dim::Fixed(0)));
    let probes = probes(&inputs, options);
    let mut importer = Importer::new(probes, opset, external);
    let names = graph.node.iter().flat_map(|n| &n.output).chain(graph.input.iter().map(|i| &i.name));
    names.chain(graph.initializer.iter().map(|t| &t.name)).for_each(|name| importer.values.reserve(name));
    define_inputs(&mut importer, &inputs);
    define_known(&mut importer, graph, &empty, options);
    importer.initializers(graph);
    importer.add_nodes(graph);
    let outputs = outputs(&mut importer, graph);
    if !importer.faults.is_empty() {
        return Err(ImportError(importer.faults));
    }
    let mut result = importer.graph;
    prune(&mut result);
    check(&result, &importer.probes)?;
    Ok(Import { graph: result, inputs, outputs, size: importer.probes.0[0] })
}

fn opset(model: &ModelProto) -> Result<i64, ImportError> {
    let own = model.opset_import.iter().filter(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    let version = own.map(|set| set.version).max().ok_or(Fault::NoOpset)?;
    if OPSETS.contains(&version) { Ok(version) } else { Err(Fault::Opset { version }.into()) }
}

/// An option that is about nothing in the model is a mistake.
fn check_options(graph: &GraphProto, options: &Options) -> Result<(), ImportError> {
    let mut known = HashSet::new();
    for input in &graph.input {
        let shape = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.shape.as_ref());
        for (axis, dim) in shape.iter().flat_map(|shape| &shape.dim).enumerate() {
            known.insert(format!("{}/{axis}", input.name));
            known.extend(dim.dim_param.clone());
        }
    }
    let values = options.values.keys().filter(|name| !graph.input.iter().any(|input| input.name == **name));
    let values = values.map(|name| (name, "is in `Options::values`, but is no input of the model"));
    let dims = options.dims.keys().filter(|name| !known.contains(*name));
    let dims = dims.map(|name| (name, "is in `Options::dims`, but no input has such a dimension"));
    let fault = |(name, reason): (&String, &str)| Fault::Input { input: name.clone(), reason: reason.into() };
    let faults: Vec<_> = values.chain(dims).map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(ImportError(faults)) }
}

/// Names, types and shapes of the inputs that are given when the graph runs.
fn ports<'a>(inputs: impl Iterator<Item = &'a ValueInfoProto>, options: &Options) -> Result<Vec<Port>, ImportError> {
    let mut faults = Vec::new();
    let mut ports = Vec::new();
    let mut named: BTreeMap<String, Dim> = BTreeMap::new();
    for input in inputs {
        match port(input, options, &mut named) {
            Ok(port) => ports.push(port),
            Err(reason) => faults.push(Fault::Input { input: input.name.clone(), reason }),
        }
    }
    if faults.is_empty() { Ok(ports) } else { Err(ImportError(faults)) }
}

fn port(input: &ValueInfoProto, options: &Options, named: &mut BTreeMap<String, Dim>) -> Result<Port, String> {
    let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let tensor = tensor.ok_or("is not a tensor, and only tensors are supported")?;
    let element = ElementType::from_code(tensor.elem_type)
        .ok_or_else(|| format!("element type {} is not supported", tensor.elem_type))?;
    let shape = tensor.shape.as_ref().ok_or("has no shape: export the model with the shapes of its inputs")?;
    let rank = shape.dim.len();
    let dim = |axis: usize, proto: &DimensionProto| -> Result<Dim, String> {
        let position = format!("{}/{axis}", input.name);
        let name = proto.dim_param.as_deref().unwrap_or_default();
        let said = options.dims.get(&position).or_else(|| options.dims.get(name).filter(|_| !name.is_empty()));
        match (said, proto.dim_value) {
            (Some(&dim), _) => Ok(dim),
            (None, Some(value)) if value >= 0 => {
                usize::try_from(value).map(Dim::Fixed).map_err(|_| format!("dimension {axis} is {value}"))
            }
            _ => named.get(name).copied().or_else(|| guess(name, axis, rank)).ok_or_else(|| {
                format!(
                    "dimension {axis} ({name:?}) is open, and nothing says what it is: give {position:?} in `Options::dims`"
                )
            }),
        }
        .inspect(|&dim| {
            if !name.is_empty() {
                named.insert(name.into(), dim);
            }
        })
    };
    let mut dim = dim;
    let shape = shape.dim.iter().enumerate().map(|(axis, proto)| dim(axis, proto)).collect::<Result<_, _>>()?;
    Ok(Port { name: input.name.clone(), element: Some(element), shape })
}

/// What an open dimension is by its name, or by its place.
fn guess(name: &str, axis: usize, rank: usize) -> Option<Dim> {
    let name = name.to_lowercase();
    let words = |words: &[&str]| words.contains(&name.as_str());
    if name.contains("batch") || words(&["n", "b"]) {
        return Some(Dim::BATCH);
    }
    if name.contains("height") || words(&["h", "rows"]) {
        return Some(Dim::HEIGHT);
    }
    if name.contains("width") || words(&["w", "cols", "columns"]) {
        return Some(Dim::WIDTH);
    }
    match (axis, rank) {
        (0, _) => Some(Dim::BATCH),
        (2, 4) => Some(Dim::HEIGHT),
        (3, 4) => Some(Dim::WIDTH),
        _ => None,
    }
}

/// Three sizes for a model with open dimensions, else the one that its first image has.
fn probes(inputs: &[Port], options: &Options) -> Probes {
    let fixed = |dim: &Dim| if let Dim::Fixed(n) = dim { Some(*n) } else { None };
    let open = inputs.iter().flat_map(|port| &port.shape).any(|dim| fixed(dim).is_none());
    if open {
        return Probes::open(options.size_multiple.unwrap_or(64).max(1));
    }
    let image = inputs.iter().find(|port| port.shape.len() == 4);
    let sides: Vec<usize> = image.iter().flat_map(|port| &port.shape).filter_map(fixed).collect();
    match sides[..] {
        [batch, _, height, width] => Probes(vec![Size { batch, height, width }]),
        _ => Probes(vec![Size::new(1, 1)]),
    }
}

fn define_inputs(importer: &mut Importer, ports: &[Port]) {
    for port in ports {
        let dtype = port.element.map_or(DType::F32, ElementType::dtype);
        let mut types = Vec::new();
        for &size in &importer.probes.0 {
            let shape: Option<Vec<usize>> = port.shape.iter().map(|dim| dim.bind(size)).collect();
            types.extend(shape.map(|shape| TensorType { dtype, shape }));
        }
        let sound = types.iter().all(|t| !t.shape.contains(&0) && t.elements() <= imagine_graph::MAX_ELEMENTS);
        if types.len() < importer.probes.0.len() || !sound {
            let reason = "has an empty dimension, too many elements, or a fraction of the size that is not whole: \
                set `Options::dims` and `Options::size_multiple`";
            importer.faults.push(Fault::Input { input: port.name.clone(), reason: reason.into() });
            importer.define(&port.name, None);
            continue;
        }
        importer.graph.inputs.push(GraphInput {
            name: port.name.clone(),
            kind: InputKind::Tensor,
            dtype,
            shape: port.shape.clone(),
        });
        let name = Some(port.name.clone());
        let value = Value { label: port.name.clone(), types, known: None, name, weight: false, origin: None };
        importer.define(&port.name, Some(value));
    }
}

fn define_known(importer: &mut Importer, graph: &GraphProto, empty: &[Port], options: &Options) {
    let given = graph.input.iter().filter_map(|input| {
        let tensor = options.values.get(&input.name)?;
        Some((input.name.as_str(), Array::from(tensor)))
    });
    let empty = empty.iter().map(|port| {
        let shape = port.shape.iter().map(|dim| if let Dim::Fixed(n) = dim { *n } else { 0 }).collect();
        (port.name.as_str(), Array::none(port.element.map_or(DType::F32, ElementType::dtype), shape))
    });
    for (name, array) in given.chain(empty) {
        importer.define(name, Some(Value::constant(name, array, importer.probes.0.len())));
    }
}

/// Gives the outputs their names in the graph.
fn outputs(importer: &mut Importer, graph: &GraphProto) -> Vec<Port> {
    let mut ports = Vec::new();
    for output in &graph.output {
        let value = match importer.find(&output.name) {
            Some(Some(value)) => value.clone(),
            // The fault that led to this stands in the list.
            Some(None) => continue,
            None => {
                let reason = "is written by no node".into();
                importer.faults.push(Fault::Output { output: output.name.clone(), reason });
                continue;
            }
        };
        let name = output.name.clone();
        let tensor = output.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let element = tensor.and_then(|t| ElementType::from_code(t.elem_type));
        let shape = value.types[0].shape.iter().map(|&d| Dim::Fixed(d)).collect();
        let port = Port { name: name.clone(), element, shape };
        if value.is_empty() {
            ports.push(port);
            continue;
        }
        let placed = importer.place(&value).and_then(|placed| {
            if placed == name {
                return Ok(Vec::new());
            }
            let op = imagine_graph::Identity {}.into();
            importer.push(
                op,
                &[Some(Value { name: Some(placed), ..value.clone() })],
                std::slice::from_ref(&name),
                &name,
            )
        });
        if let Err(error) = placed {
            importer.faults.push(Fault::Output { output: name, reason: error.to_string() });
            continue;
        }
        importer.graph.outputs.push(GraphOutput::new(&name, OutputKind::Tensor));
        ports.push(port);
    }
    ports
}

/// Takes away the nodes and weights that no output needs.
fn prune(graph: &mut Graph) {
    let mut needed: HashSet<String> = graph.outputs.iter().map(|o| o.name.clone()).collect();
    // Every node stands behind those that it reads.
    for node in graph.nodes.iter().rev() {
        if node.outputs.iter().any(|name| needed.contains(name)) {
            needed.extend(node.inputs.iter().cloned());
        }
    }
    graph.nodes.retain(|node| node.outputs.iter().any(|name| needed.contains(name)));
    graph.weights.retain(|name, _| needed.contains(name));
}

fn check(graph: &Graph, probes: &Probes) -> Result<(), ImportError> {
    let valid = graph.validate()?;
    for &size in &probes.0 {
        valid.bind(size)?;
    }
    Ok(())
}
