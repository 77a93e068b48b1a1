//! Imports a model: its operator set, its inputs and outputs, and the check of the finished graph.

use std::collections::HashSet;
use std::path::Path;

use imagine_graph::{DType, Dim, Graph, GraphInput, GraphOutput, Identity, InputKind, OutputKind, Size, TensorType};

use crate::array::Array;
use crate::error::{Fault, ImportError};
use crate::external::ExternalData;
use crate::functions::{Functions, own_version};
use crate::importer::Importer;
use crate::inputs::{MULTIPLES, Options, ValueInfo, check_options, probe_sizes, value_infos};
use crate::probe_sizes::ProbeSizes;
use crate::proto::{GraphProto, ModelProto, ValueInfoProto};
use crate::read::{decode, read_file};
use crate::tensor::ElementType;
use crate::value::Value;

const OPSETS: std::ops::RangeInclusive<i64> = 1..=27;

/// A model as a graph.
#[derive(Clone, Debug)]
pub struct Import {
    /// The network.
    pub graph: Graph,
    /// The inputs to supply at run time, in the file's order.
    pub inputs: Vec<ValueInfo>,
    /// The outputs, in the file's order. Outputs without elements are not in the graph.
    pub outputs: Vec<ValueInfo>,
    /// A size at which the graph can be bound.
    pub size: Size,
    pub(crate) probes: ProbeSizes,
}

/// Imports a model without external data from memory.
pub fn import(bytes: &[u8], options: &Options) -> Result<Import, ImportError> {
    import_model(&decode(bytes)?, ExternalData::None, options)
}

/// Imports a model file; external data may lie in its folder or below.
pub fn import_file(path: impl AsRef<Path>, options: &Options) -> Result<Import, ImportError> {
    let (bytes, folder) = read_file(path.as_ref())?;
    import_model(&decode(&bytes)?, ExternalData::Folder(folder), options)
}

/// Imports a decoded model.
pub(crate) fn import_model(
    model: &ModelProto,
    external: ExternalData,
    options: &Options,
) -> Result<Import, ImportError> {
    if let Some(multiple) = options.size_multiple {
        return import_at(model, external, options, multiple);
    }
    let mut first: Option<ImportError> = None;
    for multiple in MULTIPLES {
        match import_at(model, external, options, multiple) {
            Err(error) if error.0.iter().any(Fault::is_too_large) => drop(first.get_or_insert(error)),
            // Another fault at smaller sizes is due to them.
            Err(error) => return Err(first.unwrap_or(error)),
            sound => return sound,
        }
    }
    Err(first.unwrap_or_else(|| Fault::NoGraph.into()))
}

/// Imports a decoded model with probe sizes that are multiples of `multiple`.
fn import_at(
    model: &ModelProto,
    external: ExternalData,
    options: &Options,
    multiple: usize,
) -> Result<Import, ImportError> {
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
    let all = value_infos(graph.input.iter().filter(given), options)?;
    // A graph cannot hold a tensor without elements; as a constant it disappears.
    let (empty, inputs): (Vec<_>, Vec<_>) = all.into_iter().partition(|info| info.shape.contains(&Dim::Fixed(0)));
    let probes = probe_sizes(&inputs, multiple);
    let mut importer = Importer::new(probes, opset, external, Functions::of(model));
    let names = graph.node.iter().flat_map(|n| &n.output).chain(graph.input.iter().map(|i| &i.name));
    names.chain(graph.initializer.iter().map(|t| &t.name)).for_each(|name| importer.value_names.reserve(name));
    define_inputs(&mut importer, &inputs);
    define_known(&mut importer, graph, &empty, options);
    importer.define_initializers(graph);
    importer.add_nodes(&graph.node, graph.output.iter().map(|output| output.name.as_str()));
    let outputs = outputs(&mut importer, graph);
    if !importer.faults.is_empty() {
        return Err(ImportError(importer.faults));
    }
    let mut result = importer.graph;
    prune(&mut result);
    check(&result, &importer.probes)?;
    Ok(Import { graph: result, inputs, outputs, size: importer.probes.0[0], probes: importer.probes })
}

fn opset(model: &ModelProto) -> Result<i64, ImportError> {
    let version = own_version(&model.opset_import).ok_or(Fault::NoOpset)?;
    if OPSETS.contains(&version) { Ok(version) } else { Err(Fault::Opset { version }.into()) }
}

fn define_inputs(importer: &mut Importer, infos: &[ValueInfo]) {
    for info in infos {
        let dtype = info.element.map_or(DType::F32, ElementType::dtype);
        let mut types = Vec::new();
        for &size in &importer.probes.0 {
            let shape: Option<Vec<usize>> = info.shape.iter().map(|dim| dim.bind(size)).collect();
            types.extend(shape.map(|shape| TensorType { dtype, shape }));
        }
        let sound = types.iter().all(|t| !t.shape.contains(&0) && t.elements() <= imagine_graph::MAX_ELEMENTS);
        if types.len() < importer.probes.len() || !sound {
            let reason = "has an empty dimension, too many elements, or a fraction of the size that is not whole: \
                correct `dims` (--dim)";
            importer.faults.push(Fault::Input { input: info.name.clone(), reason: reason.into() });
            importer.define(&info.name, None);
            continue;
        }
        importer.graph.inputs.push(GraphInput {
            name: info.name.clone(),
            kind: InputKind::Tensor,
            dtype,
            shape: info.shape.clone(),
        });
        let value = Value::in_graph(&info.name, types, info.name.clone());
        let value = Value { element: info.element, ..value };
        importer.define(&info.name, Some(value));
    }
}

fn define_known(importer: &mut Importer, graph: &GraphProto, empty: &[ValueInfo], options: &Options) {
    let given = graph.input.iter().filter_map(|input| {
        let tensor = options.values.get(&input.name)?;
        let declared = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).map(|t| t.elem_type);
        Some((input.name.as_str(), Array::from(tensor), declared.and_then(ElementType::from_code)))
    });
    let empty = empty.iter().map(|info| {
        let shape = info.shape.iter().map(|dim| if let Dim::Fixed(n) = dim { *n } else { 0 }).collect();
        (info.name.as_str(), Array::none(info.element.map_or(DType::F32, ElementType::dtype), shape), info.element)
    });
    for (name, array, element) in given.chain(empty) {
        let value = Value::constant(name, array, importer.probes.len());
        importer.define(name, Some(Value { element, ..value }));
    }
}

/// Adds the outputs to the graph under their names in the file.
fn outputs(importer: &mut Importer, graph: &GraphProto) -> Vec<ValueInfo> {
    let mut infos = Vec::new();
    for output in &graph.output {
        let value = match importer.find(&output.name) {
            Some(Some(value)) => value.clone(),
            // Its fault is already listed.
            Some(None) => continue,
            None => {
                let reason = "no node writes it".into();
                importer.faults.push(Fault::Output { output: output.name.clone(), reason });
                continue;
            }
        };
        if value.sequence.is_some() {
            let reason = "is a sequence, and only tensors are supported".into();
            importer.faults.push(Fault::Output { output: output.name.clone(), reason });
            continue;
        }
        let name = output.name.clone();
        let tensor = output.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let element = tensor.and_then(|t| ElementType::from_code(t.elem_type));
        let shape = value.types[0].shape.iter().map(|&d| Dim::Fixed(d)).collect();
        let info = ValueInfo { name: name.clone(), element, shape };
        if value.is_empty() {
            infos.push(info);
            continue;
        }
        let materialized = importer.materialize(&value).and_then(|materialized| {
            if materialized == name {
                return Ok(Vec::new());
            }
            let op = Identity {}.into();
            importer.emit_op(
                op,
                &[Some(Value { name: Some(materialized), ..value.clone() })],
                std::slice::from_ref(&name),
                &name,
            )
        });
        if let Err(error) = materialized {
            importer.faults.push(Fault::Output { output: name, reason: error.to_string() });
            continue;
        }
        importer.graph.outputs.push(GraphOutput::new(&name, OutputKind::Tensor));
        infos.push(info);
    }
    infos
}

/// Removes nodes and weights that no output needs.
fn prune(graph: &mut Graph) {
    let mut needed: HashSet<String> = graph.outputs.iter().map(|o| o.name.clone()).collect();
    // Nodes come after those that they read.
    for node in graph.nodes.iter().rev() {
        if node.outputs.iter().any(|name| needed.contains(name)) {
            needed.extend(node.inputs.iter().cloned());
        }
    }
    graph.nodes.retain(|node| node.outputs.iter().any(|name| needed.contains(name)));
    graph.weights.retain(|name, _| needed.contains(name));
}

fn check(graph: &Graph, probes: &ProbeSizes) -> Result<(), ImportError> {
    let valid = graph.validate()?;
    for &size in &probes.0 {
        valid.bind(size)?;
    }
    Ok(())
}
