//! Checks a request against its generator and fills in defaults.

use std::collections::BTreeMap;

use super::ValidGenerator;
use super::choice::{self, repeat};
use super::prompt::tokens;
use super::request::{LATENT_STREAM, MAX_STEPS, Request, ResolvedRequest};
use super::request_error::RequestError;
use crate::graph::{BoundGraph, Distribution, GraphInput, GraphOutput, InputKind, ValidGraph};
use crate::tensor::{Extent, Size, Tensor, TensorData, TensorType, rng};

impl ValidGenerator {
    /// Checks `request` and fills in defaults.
    pub fn resolve(&self, request: &Request) -> Result<ResolvedRequest, RequestError> {
        self.resolve_with(request, &[])
    }

    /// [`ValidGenerator::resolve`] without the inputs in `elsewhere`, which the executor gets by other means.
    pub fn resolve_with(&self, request: &Request, elsewhere: &[&str]) -> Result<ResolvedRequest, RequestError> {
        let mut inputs = BTreeMap::new();
        let steps = self.check_inputs(request, elsewhere, |name, fill| _ = inputs.insert(name.to_string(), fill()))?;
        Ok(ResolvedRequest { request: request.clone(), steps, inputs })
    }

    /// What [`Self::resolve_with`] checks, without the values of inputs that have one for every texel: quick enough for a frame.
    pub fn check_with(&self, request: &Request, elsewhere: &[&str]) -> Result<(), RequestError> {
        self.check_inputs(request, elsewhere, |_, _| ()).map(drop)
    }

    /// Checks the request and hands each input's name to `each`, with what makes its value. Returns the number of steps.
    fn check_inputs(
        &self,
        request: &Request,
        elsewhere: &[&str],
        mut each: impl FnMut(&str, Fill),
    ) -> Result<u32, RequestError> {
        self.check_size(request.size)?;
        let steps = self.steps(request)?;
        for graph in self.graphs() {
            let bound = graph.bind(request.size)?;
            // In a window of a plane, outputs are cropped to the patch.
            if request.domain.wrap {
                check_outputs(&bound)?;
            }
        }
        let declared = self.inputs();
        if let Some(name) = request.inputs.keys().find(|name| !declared.iter().any(|input| input.name == **name)) {
            let known = declared.iter().map(|input| input.name.clone()).collect();
            return Err(RequestError::UnknownInput { name: name.clone(), known });
        }
        for input in declared {
            if elsewhere.contains(&input.name.as_str()) {
                continue;
            }
            let index = self.input_order.iter().position(|name| *name == input.name).unwrap_or_default();
            each(&input.name, resolve_input(input, index as u32, request)?);
        }
        self.check_state(request)?;
        Ok(steps)
    }

    /// `size`, or the size that the network makes instead because its dimensions are fixed.
    pub fn with_fixed_sides(&self, size: Size) -> Size {
        let made = self.output.bind(size).ok().and_then(|bound| other_size(&bound).map(|(_, made)| made));
        made.map_or(size, |made| Size { height: made.height, width: made.width, ..size })
    }

    /// All inputs except the state, each name once.
    pub fn inputs(&self) -> Vec<&GraphInput> {
        let mut inputs: Vec<&GraphInput> = Vec::new();
        for input in self.graphs().flat_map(|graph| &graph.graph().inputs) {
            if input.kind != InputKind::State && !inputs.iter().any(|known| known.name == input.name) {
                inputs.push(input);
            }
        }
        inputs
    }

    /// The inputs that are images or masks.
    pub fn pictures(&self) -> impl Iterator<Item = &GraphInput> {
        self.inputs().into_iter().filter(|input| matches!(input.kind, InputKind::Image(_) | InputKind::Mask))
    }

    /// All graphs, the output graph first.
    pub fn graphs(&self) -> impl Iterator<Item = &ValidGraph> {
        let recurrence = self.recurrence.iter().flat_map(|r| [&r.init, &r.step]);
        std::iter::once(&self.output).chain(recurrence)
    }

    fn check_size(&self, size: Size) -> Result<(), RequestError> {
        check_batch(size)?;
        let rule = self.generator.size;
        let nearest = rule.nearest(size);
        if nearest == size {
            return Ok(());
        }
        let (size, nearest) = (size.extent(), nearest.extent());
        Err(RequestError::Size { size, multiple: rule.multiple, min: rule.min, nearest })
    }

    pub(crate) fn steps(&self, request: &Request) -> Result<u32, RequestError> {
        match (&self.generator.recurrence, request.steps) {
            (None, None | Some(0)) => Ok(0),
            (None, Some(steps)) => Err(RequestError::Steps { steps, reason: "the generator is not recurrent" }),
            (Some(_), Some(steps)) if steps > MAX_STEPS => {
                Err(RequestError::Steps { steps, reason: "at most 1000000 are possible" })
            }
            (Some(recurrence), steps) => Ok(steps.unwrap_or(recurrence.steps)),
        }
    }

    fn check_state(&self, request: &Request) -> Result<(), RequestError> {
        let Some(state) = &request.state else { return Ok(()) };
        let fail = |expected: String| {
            Err(RequestError::Value { name: "state".into(), expected, found: state.tensor_type().to_string() })
        };
        let Some(recurrence) = &self.recurrence else { return fail("nothing: the generator is not recurrent".into()) };
        let bound = recurrence.init.bind(request.size)?;
        let expected = bound.value_type(recurrence.init.outputs()[0]);
        if state.tensor_type() == *expected { Ok(()) } else { fail(expected.to_string()) }
    }
}

/// Fails if a map has another size than the request: a network with fixed dimensions has one size.
fn check_outputs(bound: &BoundGraph) -> Result<(), RequestError> {
    let Some((output, made)) = other_size(bound) else { return Ok(()) };
    Err(RequestError::Output { output: output.name.clone(), asked: bound.size.extent(), made })
}

/// The first map whose size is not the one that the graph is bound to.
fn other_size<'a>(bound: &BoundGraph<'a>) -> Option<(&'a GraphOutput, Extent)> {
    let outputs = bound.graph.graph().outputs.iter().zip(bound.graph.outputs());
    let maps = outputs.filter(|(output, _)| output.kind.channels().is_some());
    let sizes = maps.filter_map(|(output, value)| match bound.value_type(*value).shape[..] {
        [_, _, height, width] => Some((output, Extent { height, width })),
        _ => None,
    });
    sizes.into_iter().find(|(_, made)| *made != bound.size.extent())
}

/// Fails on a batch of no image, or of too many.
pub(super) fn check_batch(size: Size) -> Result<(), RequestError> {
    if (1..=4096).contains(&size.batch) { Ok(()) } else { Err(RequestError::Batch(size.batch)) }
}

/// Makes the value of an input that was checked.
type Fill<'a> = Box<dyn FnOnce() -> Tensor + 'a>;

/// What makes the value of one input, in the shape that the graph declares.
fn resolve_input<'a>(input: &'a GraphInput, index: u32, request: &'a Request) -> Result<Fill<'a>, RequestError> {
    let shape: Vec<usize> = input.shape.iter().filter_map(|dim| dim.bind(request.size)).collect();
    let given = request.inputs.get(&input.name);
    let fail = |expected: String, found: String| RequestError::Value { name: input.name.clone(), expected, found };
    let numbers = |count: usize, default: Vec<f32>| match given {
        None => Ok(default),
        Some(tensor) => match tensor.as_f32() {
            Some(values) if values.len() == count => Ok(values.to_vec()),
            _ => Err(fail(format!("{count} numbers"), tensor.tensor_type().to_string())),
        },
    };
    match &input.kind {
        InputKind::Range { min, max, default } => {
            let value = numbers(1, vec![*default])?[0];
            if !(*min..=*max).contains(&value) {
                return Err(fail(format!("{min} to {max}"), value.to_string()));
            }
            Ok(Box::new(move || repeat(&shape, &[value])))
        }
        InputKind::Choice { options, default } => {
            let filled = choice::fill(&shape, options, *default, given)
                .map_err(|expected| fail(expected, given.map(shown).unwrap_or_default()))?;
            Ok(Box::new(move || filled))
        }
        InputKind::Prompt { buckets, default } => {
            let filled = prompt(&shape, *buckets, default, given).map_err(|expected| {
                fail(expected, given.map(|tensor| tensor.tensor_type().to_string()).unwrap_or_default())
            })?;
            Ok(Box::new(move || filled))
        }
        InputKind::Color { default } => {
            let color = numbers(3, default.to_vec())?;
            Ok(Box::new(move || repeat(&shape, &color)))
        }
        InputKind::Coordinates(_) if given.is_some() => {
            Err(fail("nothing: coordinates follow from the request".into(), "given".into()))
        }
        InputKind::Coordinates(coordinates) => {
            let fill = coordinates.fill(&shape, &input.shape, request.domain, request.period);
            Ok(fill.ok_or_else(|| RequestError::Sphere { name: input.name.clone(), size: request.size })?)
        }
        InputKind::Latent(distribution) if given.is_none() => {
            Ok(Box::new(move || latent(input, &shape, *distribution, index, request)))
        }
        InputKind::Mask if given.is_none() => Ok(Box::new(move || repeat(&shape, &[1.0]))),
        kind => {
            let kind = kind.name();
            let tensor = given.ok_or_else(|| RequestError::MissingInput { name: input.name.clone(), kind })?;
            let expected = TensorType { dtype: input.dtype, shape };
            if tensor.tensor_type() != expected {
                return Err(fail(expected.to_string(), tensor.tensor_type().to_string()));
            }
            Ok(Box::new(|| tensor.clone()))
        }
    }
}

/// One number, or the type of what is none.
fn shown(tensor: &Tensor) -> String {
    match tensor.as_f32() {
        Some([number]) => number.to_string(),
        _ => tensor.tensor_type().to_string(),
    }
}

/// The tokens of a prompt: one text for all images, or one per image.
fn prompt(shape: &[usize], buckets: usize, default: &str, given: Option<&Tensor>) -> Result<Tensor, String> {
    let (images, count) = (shape[0], shape[1]);
    let tokens = match given.map(|tensor| &tensor.data) {
        None => tokens(default, count, buckets),
        Some(TensorData::I32(tokens)) => tokens.clone(),
        Some(_) => return Err(format!("{count} tokens")),
    };
    if !tokens.iter().all(|token| (0..buckets as i64).contains(&i64::from(*token))) {
        return Err(format!("tokens below {buckets}"));
    }
    let all = match tokens.len() {
        one if one == count => tokens.repeat(images),
        each if each == images * count => tokens,
        _ => return Err(format!("{count} tokens, or {count} for each of {images} images")),
    };
    Ok(Tensor::new(shape.to_vec(), TensorData::I32(all)))
}

/// Random numbers in the request's domain, from the input's own stream.
fn latent(input: &GraphInput, shape: &[usize], distribution: Distribution, index: u32, request: &Request) -> Tensor {
    let key = rng::key(request.seed, LATENT_STREAM + index, 0);
    let values = rng::fill(shape, &input.shape, request.domain, |x, y, plane| match distribution {
        Distribution::Normal => rng::normal(x, y, plane, key),
        Distribution::Uniform => 2.0 * rng::uniform(rng::cell(x, y, plane, key)) - 1.0,
    });
    Tensor::f32(shape, values)
}
