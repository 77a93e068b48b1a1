//! Runs a whole generator: first state, steps, outputs.

use std::collections::BTreeMap;

use imagine_graph::rng::RandomState;
use imagine_graph::{Generated, InputKind, Request, Size, Tensor, ValidGenerator, ValidGraph};

use crate::network::Network;
use crate::options::Options;
use crate::value::Value;
use imagine_graph::RunError;

/// Fulfils `request`. For a patch of a world, the state is that of its whole window.
pub fn generate(generator: &ValidGenerator, request: &Request, options: &Options) -> Result<Generated, RunError> {
    let patch = generator.patch(request)?;
    let (generator, request) = patch.as_ref().map_or((generator, request), |patch| (&patch.generator, &patch.request));
    let resolved = generator.resolve(request)?;
    let random = |step| RandomState { seed: request.seed, step, domain: request.domain };
    let part = |graph| GeneratorGraph::new(graph, &resolved.inputs, request.size, options);
    let mut state = None;
    if let Some(recurrence) = &generator.recurrence {
        let mut at = match &request.state {
            Some(state) => Value::from(state),
            None => part(&recurrence.init).run(None, random(0))?.remove(0),
        };
        let step = part(&recurrence.step);
        for index in 0..resolved.steps {
            at = step.run(Some(at), random(index))?.remove(0);
        }
        state = Some(at);
    }
    let values = part(&generator.output).run(state.clone(), random(resolved.steps))?;
    let outputs = generator.output.graph().outputs.iter().cloned();
    let outputs = outputs.zip(values.into_iter().map(Value::into_tensor)).collect();
    Ok(Generated { outputs, state: state.map(Value::into_tensor) })
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

/// One graph of a generator, with the inputs that stay the same from step to step.
struct GeneratorGraph {
    network: Network,
    /// Inputs in the graph's order; `None` is the state.
    inputs: Vec<Option<Value>>,
    size: Size,
}

impl GeneratorGraph {
    fn new(graph: &ValidGraph, given: &BTreeMap<String, Tensor>, size: Size, options: &Options) -> Self {
        let declared = graph.graph().inputs.iter();
        let inputs = declared.map(|input| (input.kind != InputKind::State).then(|| Value::from(&given[&input.name])));
        Self { network: Network::new(graph, options), inputs: inputs.collect(), size }
    }

    fn run(&self, mut state: Option<Value>, random: RandomState) -> Result<Vec<Value>, RunError> {
        let inputs = self.inputs.iter().map(|given| given.clone().or_else(|| state.take())).collect::<Option<Vec<_>>>();
        self.network.run(inputs.expect("only a recurrent generator's graphs read a state"), self.size, random)
    }
}
