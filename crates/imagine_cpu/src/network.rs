//! A graph with its weights in the executor's form, run node by node.

use std::sync::Arc;

use imagine_graph::rng::RandomState;
use imagine_graph::{BoundGraph, Size, ValidGraph, ValueId, ValueSource};

use crate::buffers::Buffers;
use crate::context::{Context, Prepared};
use crate::error::RunError;
use crate::ops;
use crate::options::Options;
use crate::value::Value;

/// A graph that can be run on the CPU.
#[derive(Clone, Debug)]
pub struct Network {
    graph: ValidGraph,
    /// By value; `None` where a value is no weight.
    weights: Vec<Option<Value>>,
    /// By node.
    prepared: Vec<Option<Prepared>>,
    options: Options,
    buffers: Arc<Buffers>,
}

impl Network {
    /// The network of `graph`.
    pub fn new(graph: &ValidGraph, options: &Options) -> Self {
        let values = (0..graph.value_count()).map(ValueId);
        let weights: Vec<Option<Value>> = values.map(|value| graph.weight(value).map(Value::from)).collect();
        let prepared = graph.nodes().iter().map(|node| {
            let known = |value: &Option<ValueId>| value.and_then(|value| weights[value.0].as_ref());
            ops::prepare(&node.op, &node.inputs.iter().map(known).collect::<Vec<_>>())
        });
        let prepared = prepared.collect();
        Self { graph: graph.clone(), weights, prepared, options: options.clone(), buffers: Arc::default() }
    }

    /// The graph.
    pub fn graph(&self) -> &ValidGraph {
        &self.graph
    }

    /// Runs the graph. Inputs and outputs are in the graph's order.
    pub fn run(&self, inputs: Vec<Value>, size: Size, random: RandomState) -> Result<Vec<Value>, RunError> {
        let readers = last_readers(&self.graph);
        let values = self.interpret(inputs, size, random, |value, node| readers[value.0] == Some(node))?;
        Ok(self.graph.outputs().iter().map(|v| values[v.0].clone().expect("outputs are kept")).collect())
    }

    /// Runs the graph unfused and returns every value, indexed by [`ValueId`].
    pub fn trace(&self, inputs: Vec<Value>, size: Size, random: RandomState) -> Result<Vec<Value>, RunError> {
        let values = self.interpret(inputs, size, random, |_, _| false)?;
        Ok(values.into_iter().map(|v| v.expect("nodes run in order")).collect())
    }

    /// Runs the nodes in order. A value is given up at the node for which `is_last` is true.
    fn interpret(
        &self,
        inputs: Vec<Value>,
        size: Size,
        random: RandomState,
        is_last: impl Fn(ValueId, usize) -> bool + Send + Sync,
    ) -> Result<Vec<Option<Value>>, RunError> {
        let graph = &self.graph;
        let bound = graph.bind(size)?;
        check_inputs(&bound, &inputs)?;
        let mut given = inputs.into_iter();
        let mut values: Vec<Option<Value>> = (0..graph.value_count())
            .map(|value| match graph.source(ValueId(value)) {
                ValueSource::Input(_) => given.next(),
                ValueSource::Weight => self.weights[value].clone(),
                ValueSource::Node(_) => None,
            })
            .collect();
        self.options.install(|| {
            for (index, node) in graph.nodes().iter().enumerate() {
                let inputs = node.inputs.iter().map(|value| value.and_then(|value| values[value.0].clone())).collect();
                for value in node.inputs.iter().flatten().filter(|value| is_last(**value, index)) {
                    values[value.0] = None;
                }
                let outputs = node.outputs.iter().map(|v| bound.value_type(*v).clone()).collect();
                let context =
                    Context { outputs, size, random, buffers: &self.buffers, prepared: self.prepared[index].as_ref() };
                for (value, result) in node.outputs.iter().zip(ops::run(&node.op, inputs, &context)) {
                    values[value.0] = Some(result);
                }
            }
        });
        Ok(values)
    }
}

/// Index of the last node that reads each value; `None` for outputs and values without a reader.
fn last_readers(graph: &ValidGraph) -> Vec<Option<usize>> {
    let mut last = vec![None; graph.value_count()];
    for (index, node) in graph.nodes().iter().enumerate() {
        node.inputs.iter().flatten().for_each(|value| last[value.0] = Some(index));
    }
    graph.outputs().iter().for_each(|value| last[value.0] = None);
    last
}

fn check_inputs(bound: &BoundGraph, inputs: &[Value]) -> Result<(), RunError> {
    let expected = &bound.graph.graph().inputs;
    if expected.len() != inputs.len() {
        let names = expected.iter().map(|i| i.name.clone()).collect();
        return Err(RunError::InputCount { expected: expected.len(), found: inputs.len(), names });
    }
    for (index, value) in inputs.iter().enumerate() {
        let (expected, found) = (bound.value_type(bound.graph.input(index)), value.tensor_type());
        if *expected != found {
            let name = bound.graph.graph().inputs[index].name.clone();
            return Err(RunError::Input { name, expected: expected.clone(), found });
        }
    }
    Ok(())
}
