//! Validation of a whole generator: every graph, and how the graphs fit together.

use super::prompt::{MAX_BUCKETS, MAX_PROMPT, MAX_TOKENS};
use super::request::MAX_STEPS;
use super::{Generator, SizeRule, ValidGenerator, ValidRecurrence};
use crate::graph::{
    BoundGraph, Graph, GraphError, GraphErrors, GraphInput, GraphOutput, InputKind, OutputKind, ValidGraph,
};
use crate::tensor::{DType, Dim, Size, TensorType};

impl Generator {
    /// Validates all graphs, binds them at the smallest size and checks that they fit together. Errors begin with the name of
    /// their graph: `output`, `init` or `step`.
    pub fn validate(&self) -> Result<ValidGenerator, GraphErrors> {
        let mut errors = Vec::new();
        check_size_rule(&self.size, &mut errors);
        if !errors.is_empty() {
            return Err(GraphErrors(errors));
        }
        let output = self.validate_graph("output", &self.output, &mut errors);
        let recurrence = self.recurrence.as_ref().map(|recurrence| {
            check_rates(recurrence.steps, recurrence.step_rate, &mut errors);
            let init = self.validate_graph("init", &recurrence.init, &mut errors);
            (init, self.validate_graph("step", &recurrence.step, &mut errors))
        });
        let (Some(output), true) = (output, errors.is_empty()) else { return Err(GraphErrors(errors)) };
        let recurrence = match recurrence {
            Some((Some(init), Some(step))) => Some(ValidRecurrence { init, step }),
            _ => None,
        };
        let mut valid = ValidGenerator { generator: self.clone(), output, recurrence, input_order: Vec::new() };
        valid.input_order = valid.inputs().into_iter().map(|input| input.name.clone()).collect();
        check_roles(&valid, &mut errors);
        if errors.is_empty() { Ok(valid) } else { Err(GraphErrors(errors)) }
    }

    fn validate_graph(&self, part: &'static str, graph: &Graph, errors: &mut Vec<GraphError>) -> Option<ValidGraph> {
        let in_part = |error| GraphError::Part { part, error: Box::new(error) };
        let valid = match graph.validate() {
            Ok(valid) => valid,
            Err(GraphErrors(found)) => {
                errors.extend(found.into_iter().map(in_part));
                return None;
            }
        };
        match valid.bind(self.size.smallest()) {
            Ok(bound) => {
                let mut found = Vec::new();
                (0..graph.outputs.len()).for_each(|index| check_output(&bound, index, &mut found));
                graph.inputs.iter().for_each(|input| check_input(input, &mut found));
                errors.extend(found.into_iter().map(in_part));
            }
            Err(GraphErrors(found)) => errors.extend(found.into_iter().map(in_part)),
        }
        Some(valid)
    }
}

/// Adds a fault unless the condition holds.
fn require(errors: &mut Vec<GraphError>, sound: bool, reason: impl FnOnce() -> String) {
    if !sound {
        errors.push(GraphError::Invalid { reason: reason() });
    }
}

fn check_size_rule(rule: &SizeRule, errors: &mut Vec<GraphError>) {
    let SizeRule { multiple, min, .. } = rule;
    let sound = [multiple.height, multiple.width, min.height, min.width].iter().all(|side| (1..=16_384).contains(side));
    require(errors, sound, || {
        format!(
            "size rule: multiple {}x{} and min {}x{} (width x height) must be 1 to 16384",
            multiple.width, multiple.height, min.width, min.height
        )
    });
}

fn check_rates(steps: u32, step_rate: f32, errors: &mut Vec<GraphError>) {
    require(errors, (1..=MAX_STEPS).contains(&steps), || format!("{steps} steps: expected 1 to {MAX_STEPS}"));
    require(errors, (0.0..=1000.0).contains(&step_rate), || {
        format!("step rate {step_rate}: expected 0 to 1000 per second")
    });
}

fn check_output(bound: &BoundGraph, index: usize, errors: &mut Vec<GraphError>) {
    let outputs = &bound.graph.graph().outputs;
    let found = bound.value_type(bound.graph.outputs()[index]);
    let GraphOutput { name, kind, range: [low, high], .. } = &outputs[index];
    let sound = low.is_finite() && high.is_finite() && low <= high;
    require(errors, sound, || format!("output {name:?}: the range {low} to {high} is empty or not finite"));
    let first = outputs.iter().position(|o| o.kind == *kind).unwrap_or(index);
    let unique = first == index || *kind == OutputKind::Tensor;
    require(errors, unique, || format!("outputs {:?} and {name:?} are both {}", outputs[first].name, kind.name()));
    if let Some(channels) = kind.channels() {
        let size = bound.size;
        let expected = TensorType::f32([size.batch, channels, size.height, size.width]);
        require(errors, *found == expected, || {
            format!("output {name:?} ({}) is {found}, expected {expected} at this size", kind.name())
        });
    }
}

fn check_input(input: &GraphInput, errors: &mut Vec<GraphError>) {
    let name = &input.name;
    let wanted = if matches!(input.kind, InputKind::Prompt { .. }) { DType::I32 } else { DType::F32 };
    let fits = input.dtype == wanted || input.kind == InputKind::Tensor;
    let elements = if wanted == DType::F32 { "floats" } else { "integers" };
    require(errors, fits, || format!("input {name:?} ({}) must have {elements} as elements", input.kind.name()));
    let channels = input.shape.get(usize::from(input.shape.len() > 1)).and_then(|d| d.bind(Size::new(1, 1)));
    match &input.kind {
        InputKind::Range { min, max, default } => {
            let sound = min.is_finite() && max.is_finite() && (*min..=*max).contains(default);
            require(errors, sound, || format!("input {name:?}: default {default} is not in the range {min} to {max}"));
        }
        InputKind::Choice { options, default } => {
            let sound = *default < options.len() && channels == Some(options.len());
            require(errors, sound, || {
                format!(
                    "input {name:?}: shape {:?} or default {default} does not fit {} options",
                    input.shape,
                    options.len()
                )
            });
        }
        InputKind::Prompt { buckets, default } => {
            let sound = (2..=MAX_BUCKETS).contains(buckets) && default.len() <= MAX_PROMPT;
            require(errors, sound, || {
                format!(
                    "input {name:?}: expected 2 to {MAX_BUCKETS} buckets and a default of at most {MAX_PROMPT} bytes"
                )
            });
            let listed = matches!(input.shape.as_slice(), [Dim::BATCH, Dim::Fixed(1..=MAX_TOKENS)]);
            require(errors, listed, || format!("input {name:?}: a prompt has the shape [batch, 1 to {MAX_TOKENS}]"));
        }
        InputKind::Color { default } => {
            let sound = default.iter().all(|v| v.is_finite()) && channels == Some(3);
            require(errors, sound, || format!("input {name:?}: a colour needs 3 channels and a finite default"));
        }
        InputKind::Coordinates(coordinates) => {
            let count = coordinates.channels();
            require(errors, coordinates.fits(&input.shape), || {
                format!(
                    "input {name:?}: coordinates need the shape [batch, {count}, height, width], or fractions of height and width"
                )
            });
        }
        _ => {}
    }
}

/// The state must have the same type everywhere; the graphs of a recurrent network must have the inputs and outputs of their
/// roles.
fn check_roles(valid: &ValidGenerator, errors: &mut Vec<GraphError>) {
    let output_states = states(&valid.output);
    let Some(recurrence) = &valid.recurrence else {
        require(errors, output_states.is_empty(), || {
            "output: reads a state, but the generator is not recurrent".into()
        });
        return;
    };
    let smallest = valid.generator.size.smallest();
    let init = single_output(&recurrence.init);
    let step = single_output(&recurrence.step);
    require(errors, init && states(&recurrence.init).is_empty(), || {
        "init: expected one output of kind state and no input of kind state".into()
    });
    require(errors, step && states(&recurrence.step).len() == 1, || {
        "step: expected one input and one output of kind state".into()
    });
    require(errors, output_states.len() == 1, || "output: expected one input of kind state".into());
    if !errors.is_empty() {
        return;
    }
    let (Ok(init), Ok(step), Ok(output)) =
        (recurrence.init.bind(smallest), recurrence.step.bind(smallest), valid.output.bind(smallest))
    else {
        return;
    };
    let first = init.value_type(recurrence.init.outputs()[0]);
    let state = |bound: &BoundGraph| bound.value_type(bound.graph.input(states(bound.graph)[0])).clone();
    let next = step.value_type(recurrence.step.outputs()[0]);
    for (what, found) in [
        ("step: its input state", &state(&step)),
        ("step: its output state", next),
        ("output: its input state", &state(&output)),
    ] {
        require(errors, found == first, || format!("{what} is {found}, but init makes {first}"));
    }
}

fn single_output(graph: &ValidGraph) -> bool {
    matches!(graph.graph().outputs.as_slice(), [output] if output.kind == OutputKind::State)
}

/// Indices of the inputs of kind state.
fn states(graph: &ValidGraph) -> Vec<usize> {
    let inputs = graph.graph().inputs.iter().enumerate();
    inputs.filter(|(_, input)| input.kind == InputKind::State).map(|(index, _)| index).collect()
}
