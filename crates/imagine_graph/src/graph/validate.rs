//! Validation: resolves names, orders nodes, infers shapes, and reports every fault at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Graph, GraphInput, InputKind, Node, Weights};
use crate::graph::{GraphError, GraphErrors};
use crate::ops::{Inputs, NodeError, Op};
use crate::tensor::{MAX_RANK, Size, Tensor, TensorData, TensorType};

const MAX_NODES: usize = 10_000;
const MAX_NODE_VALUES: usize = 1_000;
const MAX_NAME: usize = 200;

/// Index of a value of a [`ValidGraph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub usize);

/// Index of a node of a [`ValidGraph`], in execution order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueSource {
    /// `graph.inputs[..]`.
    Input(usize),
    /// The weight of the same name.
    Weight,
    /// A node writes it.
    Node(NodeId),
}

/// A graph with resolved names and nodes in execution order.
#[derive(Clone, Debug)]
pub struct ValidGraph {
    graph: Graph,
    names: Vec<String>,
    sources: Vec<ValueSource>,
    nodes: Vec<ValidNode>,
    outputs: Vec<ValueId>,
}

/// A node with resolved names.
#[derive(Clone, Debug)]
pub struct ValidNode {
    /// Name, unique in its graph.
    pub name: String,
    /// Operator with its parameters.
    pub op: Op,
    /// Values it reads, in ONNX order; `None` for an omitted optional input.
    pub inputs: Vec<Option<ValueId>>,
    /// Values it writes.
    pub outputs: Vec<ValueId>,
}

impl Graph {
    /// Resolves names and orders the nodes. Shapes are checked by [`ValidGraph::bind`].
    pub fn validate(&self) -> Result<ValidGraph, GraphErrors> {
        let mut errors = Vec::new();
        check_names(self, &mut errors);
        check_weights(&self.weights, &mut errors);
        check_weights_of_nodes(self, &mut errors);
        let order = order(self, &mut errors);
        if !errors.is_empty() {
            return Err(GraphErrors(errors));
        }
        Ok(resolve(self, &order))
    }
}

impl ValidGraph {
    /// The plain graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Nodes in execution order.
    pub fn nodes(&self) -> &[ValidNode] {
        &self.nodes
    }

    /// Number of values.
    pub fn value_count(&self) -> usize {
        self.names.len()
    }

    /// Name of a value.
    pub fn name(&self, value: ValueId) -> &str {
        &self.names[value.0]
    }

    /// Where a value comes from.
    pub fn source(&self, value: ValueId) -> &ValueSource {
        &self.sources[value.0]
    }

    /// The tensor of a value that is a weight.
    pub fn weight(&self, value: ValueId) -> Option<&Tensor> {
        matches!(self.source(value), ValueSource::Weight).then(|| &self.graph.weights[self.name(value)])
    }

    /// The value of `graph().inputs[index]`; inputs come first among the values.
    pub fn input(&self, index: usize) -> ValueId {
        ValueId(index)
    }

    /// The input of kind `state`, if the graph reads one.
    pub fn state_input(&self) -> Option<ValueId> {
        let index = self.graph.inputs.iter().position(|input| input.kind == InputKind::State)?;
        Some(self.input(index))
    }

    /// The values of `graph().outputs`, in order.
    pub fn outputs(&self) -> &[ValueId] {
        &self.outputs
    }

    /// Replaces open dimensions by numbers and infers the type of every value.
    pub fn bind(&self, size: Size) -> Result<BoundGraph<'_>, GraphErrors> {
        let mut errors = Vec::new();
        let mut types: Vec<Option<TensorType>> = vec![None; self.value_count()];
        for (index, input) in self.graph.inputs.iter().enumerate() {
            let shape: Option<Vec<usize>> = input.shape.iter().map(|d| d.bind(size)).collect();
            match shape.map(|shape| crate::ops::output(input.dtype, shape)) {
                Some(Ok(found)) => types[index] = Some(found),
                Some(Err(error)) => {
                    errors.push(GraphError::Invalid { reason: format!("input {:?}: {error}", input.name) })
                }
                None => errors.push(dim_error(input, size)),
            }
        }
        for (value, source) in self.sources.iter().enumerate() {
            if *source == ValueSource::Weight {
                types[value] = Some(self.graph.weights[&self.names[value]].tensor_type());
            }
        }
        for node in &self.nodes {
            // The inputs of a node after a faulty one are unknown: it is not checked.
            let known = node.inputs.iter().flatten().all(|v| types[v.0].is_some());
            if !known {
                continue;
            }
            let inputs: Vec<_> = node.inputs.iter().map(|v| v.and_then(|v| types[v.0].as_ref())).collect();
            match infer(node, &Inputs { types: &inputs, size }) {
                Ok(outputs) => node.outputs.iter().zip(outputs).for_each(|(v, t)| types[v.0] = Some(t)),
                Err(error) => {
                    errors.push(GraphError::Node { node: node.name.clone(), op: node.op.name(), error });
                }
            }
        }
        if !errors.is_empty() {
            return Err(GraphErrors(errors));
        }
        let types = types.into_iter().map(|t| t.expect("no error, so every value has a type")).collect();
        Ok(BoundGraph { graph: self, size, types })
    }
}

/// A graph at one size: every value has a type.
#[derive(Clone, Debug)]
pub struct BoundGraph<'a> {
    /// The graph.
    pub graph: &'a ValidGraph,
    /// The size that its open dimensions are bound to.
    pub size: Size,
    types: Vec<TensorType>,
}

impl BoundGraph<'_> {
    /// Type of a value.
    pub fn value_type(&self, value: ValueId) -> &TensorType {
        &self.types[value.0]
    }
}

fn infer(node: &ValidNode, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    let types = node.op.infer(inputs)?;
    if types.len() != node.outputs.len() {
        return Err(NodeError::OutputCount { expected: types.len(), found: node.outputs.len() });
    }
    Ok(types)
}

fn dim_error(input: &GraphInput, size: Size) -> GraphError {
    let dim = input.shape.iter().find(|d| d.bind(size).is_none()).map(|d| d.to_string()).unwrap_or_default();
    GraphError::Dim { input: input.name.clone(), dim, batch: size.batch, height: size.height, width: size.width }
}

fn check_names(graph: &Graph, errors: &mut Vec<GraphError>) {
    let mut limit = |what: &str, found: usize, limit: usize| {
        if found > limit {
            errors.push(GraphError::TooMany { what: what.into(), found, limit });
        }
    };
    limit("nodes", graph.nodes.len(), MAX_NODES);
    limit("inputs", graph.inputs.len(), MAX_NODE_VALUES);
    limit("outputs", graph.outputs.len(), MAX_NODE_VALUES);
    for node in &graph.nodes {
        limit(&format!("values of node {:?}", node.name), node.inputs.len() + node.outputs.len(), MAX_NODE_VALUES);
    }
    for input in &graph.inputs {
        limit(&format!("dimensions of input {:?}", input.name), input.shape.len(), MAX_RANK);
    }
    let mut writers: BTreeMap<&str, String> = BTreeMap::new();
    let inputs = graph.inputs.iter().map(|i| (i.name.as_str(), "an input".to_string()));
    let weights = graph.weights.keys().map(|w| (w.as_str(), "a weight".to_string()));
    let written = graph.nodes.iter().flat_map(|n| {
        let writer = format!("node {:?}", n.name);
        n.outputs.iter().map(move |o| (o.as_str(), writer.clone()))
    });
    for (value, second) in inputs.chain(weights).chain(written) {
        check_name(value, errors);
        if let Some(first) = writers.insert(value, second.clone()) {
            errors.push(GraphError::DuplicateValue { value: value.into(), first, second });
        }
    }
    let mut names = HashSet::new();
    for node in &graph.nodes {
        check_name(&node.name, errors);
        if !names.insert(node.name.as_str()) {
            errors.push(GraphError::DuplicateNode { node: node.name.clone() });
        }
    }
    for output in &graph.outputs {
        if !writers.contains_key(output.name.as_str()) {
            errors.push(GraphError::UnknownOutput { output: output.name.clone() });
        }
    }
}

fn check_name(name: &str, errors: &mut Vec<GraphError>) {
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        errors.push(GraphError::BadName { name: name.chars().take(40).collect() });
    }
}

fn check_weights(weights: &Weights, errors: &mut Vec<GraphError>) {
    for (name, weight) in weights {
        let rank = weight.shape.len();
        if rank > MAX_RANK {
            errors.push(GraphError::TooMany {
                what: format!("dimensions of weight {name:?}"),
                found: rank,
                limit: MAX_RANK,
            });
        }
        let TensorData::F32(values) = &weight.data else { continue };
        if let Some(index) = values.iter().position(|v| v.is_nan()) {
            errors.push(GraphError::NotANumber { weight: name.clone(), index });
        }
    }
}

/// Operators may restrict the elements of weights. A weight that several nodes read alike is checked once.
fn check_weights_of_nodes(graph: &Graph, errors: &mut Vec<GraphError>) {
    let mut checked = HashSet::new();
    for node in &graph.nodes {
        let op = node.op.name();
        for (input, name) in node.inputs.iter().enumerate() {
            let Some(weight) = graph.weights.get(name).filter(|_| checked.insert((op, input, name))) else { continue };
            if let Err(error) = node.op.check_weight(input, weight) {
                errors.push(GraphError::Node { node: node.name.clone(), op, error });
            }
        }
    }
}

/// Indices of the nodes in execution order (Kahn's algorithm); the given order where several are possible.
fn order(graph: &Graph, errors: &mut Vec<GraphError>) -> Vec<usize> {
    let mut writer: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        writer.extend(node.outputs.iter().map(|o| (o.as_str(), index)));
    }
    let inputs: HashSet<&str> = graph.inputs.iter().map(|input| input.name.as_str()).collect();
    let given = |name: &str| graph.weights.contains_key(name) || inputs.contains(name);
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    let mut waiting = vec![0usize; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for (input, value) in node.inputs.iter().enumerate().filter(|(_, v)| !v.is_empty()) {
            match writer.get(value.as_str()) {
                Some(&from) => {
                    readers[from].push(index);
                    waiting[index] += 1;
                }
                None if given(value) => {}
                None => errors.push(GraphError::UnknownValue {
                    node: node.name.clone(),
                    op: node.op.name(),
                    input,
                    value: value.clone(),
                }),
            }
        }
    }
    let mut ready: std::collections::BTreeSet<usize> = (0..graph.nodes.len()).filter(|&i| waiting[i] == 0).collect();
    let mut order = Vec::with_capacity(graph.nodes.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for &reader in &readers[index] {
            waiting[reader] -= 1;
            if waiting[reader] == 0 {
                ready.insert(reader);
            }
        }
    }
    if order.len() < graph.nodes.len() {
        errors.push(GraphError::Cycle { nodes: find_cycle(graph, &writer, &waiting) });
    }
    order
}

/// One cycle among the nodes that still wait: walks from reader to writer until a node repeats.
fn find_cycle(graph: &Graph, writer: &HashMap<&str, usize>, waiting: &[usize]) -> Vec<String> {
    let stuck_writer =
        |node: &Node| node.inputs.iter().filter_map(|v| writer.get(v.as_str())).copied().find(|&i| waiting[i] > 0);
    let mut at = waiting.iter().position(|&w| w > 0).expect("some node waits");
    let mut path = Vec::new();
    while !path.contains(&at) {
        path.push(at);
        at = stuck_writer(&graph.nodes[at]).expect("a waiting node waits for a waiting node");
    }
    let start = path.iter().position(|&i| i == at).expect("the walk came back to it");
    path[start..].iter().rev().map(|&i| graph.nodes[i].name.clone()).collect()
}

fn resolve(graph: &Graph, order: &[usize]) -> ValidGraph {
    let mut names: Vec<String> = Vec::new();
    let mut sources = Vec::new();
    for (index, input) in graph.inputs.iter().enumerate() {
        names.push(input.name.clone());
        sources.push(ValueSource::Input(index));
    }
    for name in graph.weights.keys() {
        names.push(name.clone());
        sources.push(ValueSource::Weight);
    }
    for (position, &index) in order.iter().enumerate() {
        for output in &graph.nodes[index].outputs {
            names.push(output.clone());
            sources.push(ValueSource::Node(NodeId(position)));
        }
    }
    let ids: HashMap<&str, ValueId> = names.iter().enumerate().map(|(i, n)| (n.as_str(), ValueId(i))).collect();
    let nodes = order.iter().map(|&index| {
        let node = &graph.nodes[index];
        ValidNode {
            name: node.name.clone(),
            op: node.op.clone(),
            inputs: node.inputs.iter().map(|n| ids.get(n.as_str()).copied()).collect(),
            outputs: node.outputs.iter().map(|n| ids[n.as_str()]).collect(),
        }
    });
    let nodes = nodes.collect();
    let outputs = graph.outputs.iter().map(|o| ids[o.name.as_str()]).collect();
    ValidGraph { graph: graph.clone(), names, sources, nodes, outputs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::OutputKind;
    use crate::ops::{Add, Relu};
    use crate::tensor::{DType, Dim};

    #[test]
    fn every_fault_is_reported_at_once() {
        let mut graph = Graph::default();
        graph.input("x", InputKind::Tensor, Dim::nchw(3));
        graph.push("a", Add {}, ["x", "b"]);
        graph.push("b", Relu {}, ["a"]);
        graph.push("c", Relu {}, ["nothing"]);
        graph.input("z", InputKind::Tensor, Dim::nchw(3));
        graph.push("x", Relu {}, ["z"]);
        graph.output("y", OutputKind::Tensor);
        let message = graph.validate().unwrap_err().to_string();
        for part in ["cycle: [\"b\", \"a\"]", "\"nothing\"", "\"x\" is written twice", "output \"y\""] {
            assert!(message.contains(part), "{part} is missing in:\n{message}");
        }
    }

    #[test]
    fn nodes_may_be_listed_in_any_order() {
        let mut graph = Graph::default();
        graph.push("b", Relu {}, ["a"]);
        graph.push("a", Relu {}, ["x"]);
        graph.input("x", InputKind::Tensor, Dim::nchw(3));
        graph.output("b", OutputKind::Tensor);
        let valid = graph.validate().unwrap();
        let bound = valid.bind(Size::new(4, 5)).unwrap();
        assert_eq!(valid.nodes()[0].name, "a");
        assert_eq!(bound.value_type(valid.outputs()[0]), &TensorType { dtype: DType::F32, shape: vec![1, 3, 4, 5] });
    }
}
