//! A generator as a whole: first state, steps, outputs.

use burn::tensor::backend::Backend;
use imagine_graph::rng::RandomState;
use imagine_graph::{GraphOutput, Request, Tensor, ValidGenerator};

use crate::error::RunError;
use crate::network::Network;
use crate::value::Value;

/// What a generator made.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The outputs with what they mean, in the file's order.
    pub outputs: Vec<(GraphOutput, Tensor)>,
    /// The last state of a recurrent network.
    pub state: Option<Tensor>,
}

/// Makes what `request` asks for.
pub fn generate<B: Backend>(
    generator: &ValidGenerator,
    request: &Request,
    device: &B::Device,
) -> Result<Generated, RunError> {
    let random = |step| RandomState { seed: request.seed, step, lattice: request.lattice };
    let mut inputs = Vec::new();
    let mut state = None;
    let mut steps = 0;
    if let (Some(valid), Some(plain)) = (&generator.recurrence, &generator.generator.recurrence) {
        let mut at = match &request.state {
            Some(state) => Value::from_data(state, device),
            None => Network::<B>::new(&valid.init, device).run(Vec::new(), request.size, random(0))?.remove(0),
        };
        let step = Network::<B>::new(&valid.step, device);
        steps = request.steps.unwrap_or(plain.steps);
        for index in 0..steps {
            at = step.run(vec![at], request.size, random(index))?.remove(0);
        }
        inputs.push(at.clone());
        state = Some(at.into_data());
    }
    let values = Network::<B>::new(&generator.output, device).run(inputs, request.size, random(steps))?;
    let outputs = generator.generator.output.outputs.iter().cloned();
    Ok(Generated { outputs: outputs.zip(values.into_iter().map(Value::into_data)).collect(), state })
}
