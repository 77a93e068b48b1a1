//! Runs a whole generator: first state, steps, outputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use imagine_graph::rng::RandomState;
use imagine_graph::{Generated, InputKind, Patch, Request, RunError, Size, Tensor, ValidGenerator};

use crate::network::Network;
use crate::options::Options;
use crate::value::Value;

/// Fulfils `request`. For a patch of a world, the state is that of its whole window. For many requests make a [`PreparedGenerator`].
pub fn generate(generator: &ValidGenerator, request: &Request, options: &Options) -> Result<Generated, RunError> {
    match generator.patch(request)? {
        Some(patch) => patched(&patch, options),
        None => Networks::new(generator, options).run(generator, request),
    }
}

fn patched(patch: &Patch, options: &Options) -> Result<Generated, RunError> {
    Networks::new(&patch.generator, options).run(&patch.generator, &patch.request)
}

/// A generator with its weights in the executor's form, for many requests. Clones share the weights.
#[derive(Clone, Debug)]
pub struct PreparedGenerator {
    generator: Arc<ValidGenerator>,
    networks: Networks,
    options: Options,
}

impl PreparedGenerator {
    /// Prepares the weights of `generator`.
    pub fn new(generator: Arc<ValidGenerator>, options: &Options) -> Self {
        Self { networks: Networks::new(&generator, options), generator, options: options.clone() }
    }

    /// As [`generate`], to the byte. Patches of a world have graphs of their own, whose weights are prepared each time.
    pub fn generate(&self, request: &Request) -> Result<Generated, RunError> {
        match self.generator.patch(request)? {
            Some(patch) => patched(&patch, &self.options),
            None => self.networks.run(&self.generator, request),
        }
    }
}

/// The networks of a generator.
#[derive(Clone, Debug)]
struct Networks {
    /// For the first state and for a step.
    recurrence: Option<[Network; 2]>,
    output: Network,
}

impl Networks {
    fn new(generator: &ValidGenerator, options: &Options) -> Self {
        let network = |graph| Network::new(graph, options);
        let recurrence = generator.recurrence.as_ref().map(|r| [network(&r.init), network(&r.step)]);
        Self { recurrence, output: network(&generator.output) }
    }

    /// Fulfils a request that is no patch.
    fn run(&self, generator: &ValidGenerator, request: &Request) -> Result<Generated, RunError> {
        let resolved = generator.resolve(request)?;
        let random = |step| RandomState { seed: request.seed, step, domain: request.domain };
        let part = |network| Part::new(network, &resolved.inputs, request.size);
        let mut state = None;
        if let Some([init, step]) = &self.recurrence {
            let mut at = match &request.state {
                Some(state) => Value::from(state),
                None => part(init).run(None, random(0))?.remove(0),
            };
            let step = part(step);
            for index in 0..resolved.steps {
                at = step.run(Some(at), random(index))?.remove(0);
            }
            state = Some(at);
        }
        let values = part(&self.output).run(state.clone(), random(resolved.steps))?;
        let outputs = generator.output.graph().outputs.iter().cloned();
        let outputs = outputs.zip(values.into_iter().map(Value::into_tensor)).collect();
        Ok(Generated { outputs, state: state.map(Value::into_tensor) })
    }
}

/// A network with the inputs that stay the same from step to step.
struct Part<'a> {
    network: &'a Network,
    /// In the graph's order; `None` is the state.
    inputs: Vec<Option<Value>>,
    size: Size,
}

impl<'a> Part<'a> {
    fn new(network: &'a Network, given: &BTreeMap<String, Tensor>, size: Size) -> Self {
        let declared = network.graph().graph().inputs.iter();
        let inputs = declared.map(|input| (input.kind != InputKind::State).then(|| Value::from(&given[&input.name])));
        Self { network, inputs: inputs.collect(), size }
    }

    fn run(&self, mut state: Option<Value>, random: RandomState) -> Result<Vec<Value>, RunError> {
        let inputs = self.inputs.iter().map(|given| given.clone().or_else(|| state.take())).collect::<Option<Vec<_>>>();
        self.network.run(inputs.expect("only a recurrent generator's graphs read a state"), self.size, random)
    }
}

/// As [`generate`], but computes at most about `side` x `side` pixels and their surroundings at once, if it can: the receptive field
/// must be bounded, and neither random numbers nor coordinates read. The result is the same to the bit.
///
/// After each tile, `done` gets the number of tiles done and of all.
pub fn generate_in_tiles(
    generator: &ValidGenerator,
    request: &Request,
    side: usize,
    options: &Options,
    done: impl FnMut(usize, usize),
) -> Result<Generated, RunError> {
    let run = |request: &Request| generate(generator, request, options);
    imagine_graph::generate_in_tiles(generator, request, side, run, done)
}
