//! The JSON documents of a generator file: graphs, size rule and card as metadata entries.

use std::collections::{BTreeMap, HashSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::container::Container;
use super::error::{Fault, SaveError};
use super::json;
use super::limits::FORMAT;
use super::parts::parts;
use crate::generator::{Card, Generator, Recurrence, SizeRule};
use crate::graph::{Graph, GraphInput, GraphOutput, Node};
use crate::ops::Op;

const FORMAT_KEY: &str = "imagine.format";
const GENERATOR_KEY: &str = "imagine.generator";
const GRAPHS_KEY: &str = "imagine.graphs";
const CARD_KEY: &str = "imagine.card";

/// The document `imagine.generator`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GeneratorRecord {
    size: SizeRule,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recurrence: Option<RecurrenceRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecurrenceRecord {
    steps: u32,
    step_rate: f32,
}

/// The document `imagine.graphs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphsRecord {
    output: Value,
    init: Option<Value>,
    step: Option<Value>,
}

/// One graph without its weights. Its parts stay JSON so that an error can name the faulty one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object of inputs, nodes and outputs")]
struct GraphRecord {
    #[serde(default)]
    inputs: Vec<Value>,
    nodes: Vec<Value>,
    outputs: Vec<Value>,
}

/// A node before its operator is parsed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object of name, op, attributes, inputs and outputs")]
struct NodeRecord {
    name: String,
    op: String,
    #[serde(default)]
    attributes: serde_json::Map<String, Value>,
    #[serde(default)]
    inputs: Vec<String>,
    outputs: Vec<String>,
}

/// The card alone.
pub(super) fn card(container: &Container) -> Result<Card, Fault> {
    check_format(container)?;
    entry(container, CARD_KEY)
}

/// A generator without weights.
pub(super) fn decode(container: &Container) -> Result<Generator, Fault> {
    check_format(container)?;
    let known = [FORMAT_KEY, GENERATOR_KEY, GRAPHS_KEY, CARD_KEY];
    if let Some(key) = container.metadata.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Fault::UnknownMetadata { key: key.clone() });
    }
    let record: GeneratorRecord = entry(container, GENERATOR_KEY)?;
    let graphs: GraphsRecord = entry(container, GRAPHS_KEY)?;
    let card: Card = entry(container, CARD_KEY)?;
    let output = graph("output", graphs.output)?;
    let recurrence = match (record.recurrence, graphs.init, graphs.step) {
        (None, None, None) => None,
        (Some(RecurrenceRecord { steps, step_rate }), Some(init), Some(step)) => {
            let (init, step) = (graph("init", init)?, graph("step", step)?);
            Some(Recurrence { init, step, steps, step_rate })
        }
        (record, init, step) => {
            return Err(Fault::Recurrence { record: record.is_some(), init: init.is_some(), step: step.is_some() });
        }
    };
    Ok(Generator { output, recurrence, size: record.size, card })
}

/// The metadata of a file.
pub(super) fn encode(generator: &Generator) -> Result<BTreeMap<String, String>, SaveError> {
    let recurrence = generator.recurrence.as_ref().map(|r| RecurrenceRecord { steps: r.steps, step_rate: r.step_rate });
    let graphs = parts(generator).into_iter().map(|(part, graph)| Ok((part, record(graph)?)));
    let graphs: BTreeMap<_, _> = graphs.collect::<Result<_, serde_json::Error>>().map_err(unwritable)?;
    let documents = [
        (GENERATOR_KEY, to_value(&GeneratorRecord { size: generator.size, recurrence })?),
        (GRAPHS_KEY, to_value(&graphs)?),
        (CARD_KEY, to_value(&generator.card)?),
    ];
    let mut metadata = BTreeMap::from([(FORMAT_KEY.to_string(), FORMAT.to_string())]);
    metadata.extend(documents.map(|(key, document)| (key.to_string(), json::text(&document))));
    Ok(metadata)
}

/// Fails if a weight is never read.
pub(super) fn check_used(generator: &Generator) -> Result<(), Fault> {
    for (part, graph) in parts(generator) {
        let read = graph.nodes.iter().flat_map(|node| node.inputs.iter().map(String::as_str));
        let used: HashSet<&str> = read.chain(graph.outputs.iter().map(|output| output.name.as_str())).collect();
        if let Some(unused) = graph.weights.keys().find(|weight| !used.contains(weight.as_str())) {
            return Err(Fault::UnusedTensor { tensor: format!("{part}.{unused}") });
        }
    }
    Ok(())
}

fn check_format(container: &Container) -> Result<(), Fault> {
    let Some(found) = container.metadata.get(FORMAT_KEY) else {
        let first = container.tensors.keys().next();
        let example = first.map(|name| format!(", such as {}", json::shortened(name))).unwrap_or_default();
        return Err(Fault::NotAGenerator { tensors: container.tensors.len(), example });
    };
    if found != FORMAT {
        return Err(Fault::Format { found: found.chars().take(40).collect(), supported: FORMAT });
    }
    Ok(())
}

fn entry<T: DeserializeOwned>(container: &Container, key: &'static str) -> Result<T, Fault> {
    let text = container.metadata.get(key).ok_or(Fault::MissingMetadata { key })?;
    let value = json::parse(text).map_err(|error| Fault::Json { place: key, error })?;
    serde_json::from_value(value).map_err(|error| Fault::Json { place: key, error })
}

fn graph(part: &'static str, value: Value) -> Result<Graph, Fault> {
    let fault = |what: String| move |error| Fault::Record { graph: part, what, error };
    let record: GraphRecord = serde_json::from_value(value).map_err(fault("graph".into()))?;
    let mut graph = Graph::default();
    for (index, value) in record.inputs.into_iter().enumerate() {
        let name = named("input", index, &value);
        graph.inputs.push(serde_json::from_value::<GraphInput>(value).map_err(fault(name))?);
    }
    for (index, value) in record.nodes.into_iter().enumerate() {
        let name = named("node", index, &value);
        let record: NodeRecord = serde_json::from_value(value).map_err(fault(name))?;
        graph.nodes.push(node(part, record)?);
    }
    for (index, value) in record.outputs.into_iter().enumerate() {
        let name = named("output", index, &value);
        graph.outputs.push(serde_json::from_value::<GraphOutput>(value).map_err(fault(name))?);
    }
    Ok(graph)
}

/// `node "up3.conv"`, or `node 12` if it has no name.
fn named(what: &str, index: usize, value: &Value) -> String {
    match value.get("name").and_then(Value::as_str) {
        Some(name) => format!("{what} {}", json::shortened(name)),
        None => format!("{what} {index}"),
    }
}

fn node(part: &'static str, record: NodeRecord) -> Result<Node, Fault> {
    let NodeRecord { name, op, attributes, inputs, outputs } = record;
    let Some(info) = Op::ALL.iter().find(|info| info.name == op) else {
        return Err(Fault::UnknownOperator { graph: part, node: name, op });
    };
    let op = Op::from_attributes(info.name, attributes.into()).map_err(|error| {
        let error = error.strip_prefix(info.name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&error).into();
        Fault::Attributes { graph: part, node: name.clone(), op: info.name, error }
    })?;
    Ok(Node { name, op, inputs, outputs })
}

fn record(graph: &Graph) -> Result<GraphRecord, serde_json::Error> {
    Ok(GraphRecord {
        inputs: graph.inputs.iter().map(serde_json::to_value).collect::<Result<_, _>>()?,
        nodes: graph.nodes.iter().map(serde_json::to_value).collect::<Result<_, _>>()?,
        outputs: graph.outputs.iter().map(serde_json::to_value).collect::<Result<_, _>>()?,
    })
}

fn to_value(document: &impl Serialize) -> Result<Value, SaveError> {
    serde_json::to_value(document).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> SaveError {
    SaveError::Unwritable(Fault::Json { place: "generator", error })
}
