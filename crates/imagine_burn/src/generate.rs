//! Runs a whole generator: first state, steps, outputs.

use std::collections::BTreeMap;

use burn::tensor::backend::Backend;
use imagine_graph::rng::RandomState;
use imagine_graph::{Generated, InputKind, Request, Size, Tensor, ValidGenerator, ValidGraph};

use crate::network::Network;
use crate::value::Value;
use imagine_graph::RunError;

/// Fulfils `request`. For a patch of a world, the state is that of its whole window.
pub fn generate<B: Backend>(
    generator: &ValidGenerator,
    request: &Request,
    device: &B::Device,
) -> Result<Generated, RunError> {
    let patch = generator.patch(request)?;
    let (generator, request) = patch.as_ref().map_or((generator, request), |patch| (&patch.generator, &patch.request));
    let resolved = generator.resolve(request)?;
    let random = |step| RandomState { seed: request.seed, step, domain: request.domain };
    let part = |graph| GeneratorGraph::<B>::new(graph, &resolved.inputs, request.size, device);
    let mut state = None;
    if let Some(recurrence) = &generator.recurrence {
        let mut at = match &request.state {
            Some(state) => Value::from_data(state, device),
            None => part(&recurrence.init).run(None, random(0))?.remove(0),
        };
        let step = part(&recurrence.step);
        for index in 0..resolved.steps {
            at = step.run(Some(&at), random(index))?.remove(0);
        }
        state = Some(at);
    }
    let values = part(&generator.output).run(state.as_ref(), random(resolved.steps))?;
    let outputs = generator.output.graph().outputs.iter().cloned();
    let outputs = outputs.zip(values.into_iter().map(Value::into_data)).collect();
    Ok(Generated { outputs, state: state.map(Value::into_data) })
}

/// As [`generate`], but computes at most about `side` x `side` pixels and their surroundings at once, if it can: the receptive field
/// must be bounded, and neither random numbers nor coordinates read. The result is the same to the bit.
///
/// After each tile, `done` gets the number of tiles done and of all.
pub fn generate_in_tiles<B: Backend>(
    generator: &ValidGenerator,
    request: &Request,
    side: usize,
    device: &B::Device,
    done: impl FnMut(usize, usize),
) -> Result<Generated, RunError> {
    let run = |request: &Request| generate::<B>(generator, request, device);
    imagine_graph::generate_in_tiles(generator, request, side, run, done)
}

/// One graph of a generator, with the inputs that stay the same from step to step.
struct GeneratorGraph<B: Backend> {
    network: Network<B>,
    /// Inputs in the graph's order; `None` is the state.
    inputs: Vec<Option<Value<B>>>,
    size: Size,
}

impl<B: Backend> GeneratorGraph<B> {
    fn new(graph: &ValidGraph, given: &BTreeMap<String, Tensor>, size: Size, device: &B::Device) -> Self {
        let declared = graph.graph().inputs.iter();
        let inputs = declared
            .map(|input| (input.kind != InputKind::State).then(|| Value::from_data(&given[&input.name], device)))
            .collect();
        Self { network: Network::new(graph, device), inputs, size }
    }

    fn run(&self, state: Option<&Value<B>>, random: RandomState) -> Result<Vec<Value<B>>, RunError> {
        let inputs =
            self.inputs.iter().map(|given| given.clone().or_else(|| state.cloned())).collect::<Option<Vec<_>>>();
        self.network.run(inputs.expect("only a recurrent generator's graphs read a state"), self.size, random)
    }
}
