//! A graph with its weights on a burn device: interpreted node by node, differentiable where the backend is.

use std::collections::BTreeMap;

use burn::module::{Module, Param, ParamId};
use burn::tensor::backend::Backend;
use burn::tensor::{Shape, Tensor, TensorData};
use imagine_graph::rng::RandomState;
use imagine_graph::{BoundGraph, Size, ValidGraph, ValueId, ValueSource};

use crate::context::Context;
use crate::ops;
use crate::value::Value;
use imagine_graph::RunError;

/// A graph with its weights on a device.
///
/// Float weights are flat parameters, so that `burn` optimisers and records see ordinary tensors of rank 1.
#[derive(Module, Debug)]
pub struct Network<B: Backend> {
    weights: Vec<Param<Tensor<B, 1>>>,
    /// One element that remembers the device: a graph may have neither weights nor inputs.
    home: Tensor<B, 1>,
    #[module(skip)]
    index: WeightIndex,
    #[module(skip)]
    graph: ValidGraph,
}

/// Where each weight is: in `Network::weights`, or here if it does not hold floats.
#[derive(Clone, Debug)]
struct WeightIndex {
    /// Index into `Network::weights` by name.
    floats: BTreeMap<String, usize>,
    /// Weights of other element types.
    others: BTreeMap<String, imagine_graph::Tensor>,
}

impl<B: Backend> Network<B> {
    /// Puts the weights of `graph` on `device`.
    pub fn new(graph: &ValidGraph, device: &B::Device) -> Self {
        let mut weights = Vec::new();
        let mut index = WeightIndex { floats: BTreeMap::new(), others: BTreeMap::new() };
        for (name, tensor) in &graph.graph().weights {
            let Some(elements) = tensor.as_f32() else {
                index.others.insert(name.clone(), tensor.clone());
                continue;
            };
            index.floats.insert(name.clone(), weights.len());
            let data = TensorData::new(elements.to_vec(), [elements.len()]);
            weights.push(Param::from_data(data, device));
        }
        Self { weights, home: Tensor::zeros([1], device), index, graph: graph.clone() }
    }

    /// The same network with the weights called `names` frozen. Names that are not float weights are ignored, so that one list
    /// serves several graphs.
    pub fn freeze(mut self, names: &[&str]) -> Self {
        for name in names {
            if let Some(&index) = self.index.floats.get(*name) {
                let weight = self.weights[index].clone();
                self.weights[index] = weight.no_grad();
            }
        }
        self
    }

    /// The same network on another backend, with weights converted by `convert`. [`Tensor::from_inner`] gives a second level of
    /// differentiation, in which the weights are constants.
    pub fn convert<C: Backend>(&self, convert: impl Fn(Tensor<B, 1>) -> Tensor<C, 1>) -> Network<C> {
        let weights = self.weights.iter().map(|weight| Param::initialized(ParamId::new(), convert(weight.val())));
        let (index, graph) = (self.index.clone(), self.graph.clone());
        Network { weights: weights.collect(), home: convert(self.home.clone()), index, graph }
    }

    /// Runs the graph. Inputs and outputs are in the graph's order.
    pub fn run(&self, inputs: Vec<Value<B>>, size: Size, random: RandomState) -> Result<Vec<Value<B>>, RunError> {
        let last_readers = last_readers(&self.graph);
        let values = self.interpret(inputs, size, random, |node, values| {
            let finished = |value: &ValueId| last_readers[value.0] == Some(node);
            let read = self.graph.nodes()[node].inputs.iter().flatten();
            read.filter(|value| finished(value)).for_each(|value| values[value.0] = None);
        })?;
        Ok(self.graph.outputs().iter().map(|v| values[v.0].clone().expect("outputs are kept")).collect())
    }

    /// Runs the graph and returns every value, indexed by [`ValueId`].
    pub fn trace(&self, inputs: Vec<Value<B>>, size: Size, random: RandomState) -> Result<Vec<Value<B>>, RunError> {
        let values = self.interpret(inputs, size, random, |_, _| {})?;
        Ok(values.into_iter().map(|v| v.expect("nodes run in order")).collect())
    }

    /// Runs the nodes in order; calls `after` with the index of each and all values so far.
    fn interpret(
        &self,
        inputs: Vec<Value<B>>,
        size: Size,
        random: RandomState,
        after: impl Fn(usize, &mut Vec<Option<Value<B>>>),
    ) -> Result<Vec<Option<Value<B>>>, RunError> {
        let graph = &self.graph;
        let bound = graph.bind(size)?;
        check_inputs(&bound, &inputs)?;
        let device = self.home.device();
        let mut given = inputs.into_iter();
        let mut values: Vec<Option<Value<B>>> = (0..graph.value_count())
            .map(|value| match graph.source(ValueId(value)) {
                ValueSource::Input(_) => given.next(),
                ValueSource::Weight => Some(self.weight(ValueId(value), &device)),
                ValueSource::Node(_) => None,
            })
            .collect();
        for (index, node) in graph.nodes().iter().enumerate() {
            let inputs = node.inputs.iter().map(|v| v.and_then(|v| values[v.0].clone())).collect();
            let outputs = node.outputs.iter().map(|v| bound.value_type(*v).clone()).collect();
            let context = Context { outputs, size, device: &device, random };
            for (value, result) in node.outputs.iter().zip(ops::run(&node.op, inputs, &context)) {
                values[value.0] = Some(result);
            }
            after(index, &mut values);
        }
        Ok(values)
    }

    /// The weights in CPU memory, by name.
    pub fn weights(&self) -> BTreeMap<String, imagine_graph::Tensor> {
        let shapes = &self.graph.graph().weights;
        let floats = self.index.floats.iter().map(|(name, &index)| {
            let flat = Value::from_tensor(self.weights[index].val()).into_data();
            (name.clone(), imagine_graph::Tensor::new(shapes[name].shape.clone(), flat.data))
        });
        floats.chain(self.index.others.clone()).collect()
    }

    /// The elements of a float weight.
    pub fn weight_values(&self, name: &str) -> Option<Tensor<B, 1>> {
        self.index.floats.get(name).map(|&index| self.weights[index].val())
    }

    /// Replaces the elements of a float weight and freezes it. False if there is no such weight of that length.
    pub fn set_weight(&mut self, name: &str, values: Tensor<B, 1>) -> bool {
        let Some(&index) = self.index.floats.get(name) else { return false };
        if self.weights[index].val().dims() != values.dims() {
            return false;
        }
        self.weights[index] = Param::initialized(self.weights[index].id, values).no_grad();
        true
    }

    /// The graph, with its initial weights.
    pub fn graph(&self) -> &ValidGraph {
        &self.graph
    }

    fn weight(&self, value: ValueId, device: &B::Device) -> Value<B> {
        let graph = &self.graph;
        let name = graph.name(value);
        let Some(&index) = self.index.floats.get(name) else {
            return Value::from_data(&self.index.others[name], device);
        };
        let shape = Shape::from(graph.graph().weights[name].shape.clone());
        let flat = self.weights[index].val().into_primitive().tensor();
        Value::Float(B::float_reshape(flat, shape))
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

fn check_inputs<B: Backend>(bound: &BoundGraph, inputs: &[Value<B>]) -> Result<(), RunError> {
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
