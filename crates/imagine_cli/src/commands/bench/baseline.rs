//! What `imagine bench` compares with: a burn backend, its weights, inputs and random numbers uploaded before the clock starts.

use std::collections::BTreeMap;

use anyhow::Context;
use burn::tensor::backend::Backend;
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{GraphInput, InputKind, Op, OutputKind, Request, Size, Tensor, ValidGenerator, ValidGraph};

/// A generator on a burn backend.
pub struct Baseline<B: Backend> {
    init: Option<Part<B>>,
    step: Option<Part<B>>,
    output: Part<B>,
    steps: u32,
    device: B::Device,
}

/// One graph with its inputs uploaded; `None` is the state.
struct Part<B: Backend> {
    network: Network<B>,
    inputs: Vec<Option<Value<B>>>,
    size: Size,
    seed: u64,
}

impl<B: Backend> Baseline<B> {
    /// Uploads everything.
    pub fn new(generator: &ValidGenerator, request: &Request) -> anyhow::Result<Self> {
        let resolved = generator.resolve(request)?;
        let device = B::Device::default();
        let part = |graph: &ValidGraph| Part::new(graph, &resolved.inputs, request, &device);
        let recurrence = generator.recurrence.as_ref();
        let init = recurrence.map(|r| part(&r.init)).transpose()?;
        let step = recurrence.map(|r| part(&r.step)).transpose()?;
        Ok(Self { init, step, output: part(&generator.output)?, steps: resolved.steps, device })
    }

    /// Generates one image and waits for it.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let mut state = self.init.as_ref().map(|init| init.first(None)).transpose()?;
        for _ in 0..self.steps {
            state = self.step.as_ref().map(|step| step.first(state.as_ref())).transpose()?;
        }
        let outputs = self.output.run(state.as_ref())?;
        B::sync(&self.device).map_err(|error| anyhow::anyhow!("burn: {error:?}"))?;
        drop(outputs);
        Ok(())
    }
}

impl<B: Backend> Part<B> {
    fn new(
        graph: &ValidGraph,
        given: &BTreeMap<String, Tensor>,
        request: &Request,
        device: &B::Device,
    ) -> anyhow::Result<Self> {
        let (graph, drawn) = without_random(graph, request)?;
        let inputs = graph.graph().inputs.iter().map(|input| match input.kind {
            InputKind::State => None,
            _ => drawn.get(&input.name).or_else(|| given.get(&input.name)).map(|t| Value::from_data(t, device)),
        });
        let inputs = inputs.collect();
        Ok(Self { network: Network::new(&graph, device), inputs, size: request.size, seed: request.seed })
    }

    fn run(&self, state: Option<&Value<B>>) -> anyhow::Result<Vec<Value<B>>> {
        let inputs: Option<Vec<_>> = self.inputs.iter().map(|input| input.clone().or_else(|| state.cloned())).collect();
        let random = RandomState { seed: self.seed, ..RandomState::default() };
        Ok(self.network.run(inputs.context("an input has no value")?, self.size, random)?)
    }

    fn first(&self, state: Option<&Value<B>>) -> anyhow::Result<Value<B>> {
        self.run(state)?.into_iter().next().context("the graph has no output")
    }
}

/// The graph with random nodes turned into inputs, and their values at step 0, which serve every step.
fn without_random(graph: &ValidGraph, request: &Request) -> anyhow::Result<(ValidGraph, BTreeMap<String, Tensor>)> {
    let mut plain = graph.graph().clone();
    let mut alone = imagine_graph::Graph::default();
    plain.nodes.retain(|node| {
        let (Op::RandomUniform(_) | Op::RandomNormal(_)) = node.op else { return true };
        alone.nodes.push(node.clone());
        alone.output(&node.outputs[0], OutputKind::Tensor);
        false
    });
    let shapes = alone.nodes.iter().map(|node| match &node.op {
        Op::RandomUniform(random) => random.shape.clone(),
        Op::RandomNormal(random) => random.shape.clone(),
        _ => Vec::new(),
    });
    for (node, shape) in alone.nodes.iter().zip(shapes) {
        let dtype = imagine_graph::DType::F32;
        plain.inputs.push(GraphInput { name: node.outputs[0].clone(), kind: InputKind::Tensor, dtype, shape });
    }
    let network = Network::<burn::backend::Flex>::new(&alone.validate()?, &Default::default());
    let random = RandomState { seed: request.seed, step: 0, domain: request.domain };
    let values = network.run(Vec::new(), request.size, random)?.into_iter().map(Value::into_data);
    let names = alone.outputs.iter().map(|output| output.name.clone());
    Ok((plain.validate()?, names.zip(values).collect()))
}
