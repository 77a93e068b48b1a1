//! What a person asks of a generator, checked against what the generator can do and filled up with its defaults.

use std::collections::BTreeMap;

use crate::choice::{self, repeat};
use crate::color::srgb_to_linear;
use crate::coordinates::Coordinates;
use crate::dim::Size;
use crate::error::GraphErrors;
use crate::field::Fields;
use crate::generator::{ColorSpace, Distribution, InputKind, ValidGenerator};
use crate::graph::{GraphInput, GraphOutput};
use crate::prompt::tokens;
use crate::rng::{self, Lattice};
use crate::tensor::{Tensor, TensorData, TensorType};
use crate::validate::ValidGraph;
use crate::window::WindowError;

/// Most steps of a recurrent network in one request.
pub const MAX_STEPS: u32 = 1_000_000;
/// Stream of the first latent input; those after it count on. Nodes of a graph use streams below 1000.
pub const LATENT_STREAM: u32 = 2_000;

/// What a person asks of a generator. Every executor makes the same of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Size of the image.
    pub size: Size,
    /// Chooses one of many results.
    pub seed: u64,
    /// Steps of a recurrent network; the file's own number if `None`.
    pub steps: Option<u32>,
    /// Where the image lies in the plane of random numbers. One that does not wrap asks for a patch of an endless world:
    /// see [`ValidGenerator::patch`].
    pub lattice: Lattice,
    /// Texels, `[y, x]`, after which plane coordinates begin anew in a patch of a world; 1024 if `None`.
    pub period: Option<[usize; 2]>,
    /// Inputs that vary over a world, in a patch of it.
    pub fields: Option<Fields>,
    /// Inputs by name; those left out take their default. A range is one number, a choice the option's index, a colour
    /// three numbers, a prompt its tokens; anything else has the shape that the graph declares.
    pub inputs: BTreeMap<String, Tensor>,
    /// State that a recurrent network starts from instead of the one that its `init` graph makes.
    pub state: Option<Tensor>,
}

impl Request {
    /// A tiling image of `size` from `seed`, everything else at its default.
    pub fn new(size: Size, seed: u64) -> Self {
        let lattice = Lattice { origin: [0, 0], wrap: true };
        Self { size, seed, steps: None, lattice, period: None, fields: None, inputs: BTreeMap::new(), state: None }
    }
}

/// A request that the generator can fulfil: every input has its value.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedRequest {
    /// The request as it was.
    pub request: Request,
    /// Number of steps; 0 if the generator is not recurrent.
    pub steps: u32,
    /// Value of every input but the state, by name.
    pub inputs: BTreeMap<String, Tensor>,
}

/// What a generator made.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The outputs with what they mean, in the file's order.
    pub outputs: Vec<(GraphOutput, Tensor)>,
    /// The last state of a recurrent network.
    pub state: Option<Tensor>,
}

/// Why a generator cannot fulfil a request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A size that the generator does not make.
    #[error(
        "size {width}x{height}: the width must be a multiple of {} and at least {}, the height a multiple of {} and at \
         least {}; the nearest such size is {}x{}",
        multiple[1], min[1], multiple[0], min[0], nearest[1], nearest[0]
    )]
    Size {
        /// Height asked for.
        height: usize,
        /// Width asked for.
        width: usize,
        /// What height and width must be multiples of.
        multiple: [usize; 2],
        /// Smallest height and width.
        min: [usize; 2],
        /// The nearest height and width that will do.
        nearest: [usize; 2],
    },
    /// No image asked for, or too many.
    #[error("batch {0}: 1 to 4096 expected")]
    Batch(usize),
    /// Steps asked of a network that has none, or too many.
    #[error("{steps} steps: {reason}")]
    Steps {
        /// Steps asked for.
        steps: u32,
        /// What would do.
        reason: &'static str,
    },
    /// An input that the generator does not have.
    #[error("there is no input {name:?}; the generator has {known:?}")]
    UnknownInput {
        /// The name.
        name: String,
        /// Names of the inputs.
        known: Vec<String>,
    },
    /// An input without a default that was left out.
    #[error("input {name:?} ({kind}) has no default and was not given")]
    MissingInput {
        /// The name.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// A value that the input does not take.
    #[error("input {name:?}: {found} is given, {expected} expected")]
    Value {
        /// The name.
        name: String,
        /// What would do.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A size at which directions on a sphere are not known.
    #[error(
        "input {name:?} needs directions on a sphere: batch 6 of square images makes a cubemap, batch 1 of an image twice \
         as wide as high a panorama; batch {} of {}x{} is neither",
        size.batch, size.width, size.height
    )]
    Sphere {
        /// The name.
        name: String,
        /// What was asked for.
        size: Size,
    },
    /// A generator that makes no patches of a world.
    #[error("the generator makes no patches of a world: {0}")]
    Window(#[from] WindowError),
    /// A generator with a value that has no place in a world.
    #[error("the generator makes no patches of a world: {value:?} is {reason}")]
    Patch {
        /// Name of the input or output.
        value: String,
        /// What it is.
        reason: String,
    },
    /// A patch that would take too much to compute.
    #[error("a patch of {side} texels a side needs a window of {window}; 1 to {limit} are possible")]
    WindowSize {
        /// Texels of the patch's side.
        side: usize,
        /// Texels of the window's side.
        window: usize,
        /// Most texels.
        limit: usize,
    },
    /// A patch beyond the ends of the world.
    #[error(
        "the patch, or what it depends on, lies beyond the end of the world: texels -2^31 to 2^31 - 1 along an axis"
    )]
    WorldEnd,
    /// Fields that the generator cannot take.
    #[error("fields for inputs {inputs:?}: {reason}")]
    Field {
        /// Names of the inputs.
        inputs: Vec<String>,
        /// What is wrong.
        reason: String,
    },
    /// The graphs have no shapes at this size.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
}

impl ValidGenerator {
    /// Checks `request` and fills up what it leaves out.
    pub fn resolve(&self, request: &Request) -> Result<ResolvedRequest, RequestError> {
        self.resolve_with(request, &[])
    }

    /// As [`ValidGenerator::resolve`], without the inputs named in `elsewhere`, which the executor is given by other means.
    pub fn resolve_with(&self, request: &Request, elsewhere: &[&str]) -> Result<ResolvedRequest, RequestError> {
        self.check_size(request.size)?;
        let steps = self.steps(request)?;
        for graph in self.graphs() {
            graph.bind(request.size)?;
        }
        let declared = self.inputs();
        if let Some(name) = request.inputs.keys().find(|name| !declared.iter().any(|input| input.name == **name)) {
            let known = declared.iter().map(|input| input.name.clone()).collect();
            return Err(RequestError::UnknownInput { name: name.clone(), known });
        }
        let mut inputs = BTreeMap::new();
        for input in declared {
            if elsewhere.contains(&input.name.as_str()) {
                continue;
            }
            let index = self.input_order.iter().position(|name| *name == input.name).unwrap_or_default();
            inputs.insert(input.name.clone(), resolve_input(input, index as u32, request)?);
        }
        self.check_state(request)?;
        Ok(ResolvedRequest { request: request.clone(), steps, inputs })
    }

    /// The inputs that a person can set: all but the state, each name once.
    pub fn inputs(&self) -> Vec<&GraphInput> {
        let mut inputs: Vec<&GraphInput> = Vec::new();
        for input in self.graphs().flat_map(|graph| &graph.graph().inputs) {
            if input.kind != InputKind::State && !inputs.iter().any(|known| known.name == input.name) {
                inputs.push(input);
            }
        }
        inputs
    }

    /// The inputs that are pictures: images and masks.
    pub fn pictures(&self) -> impl Iterator<Item = &GraphInput> {
        self.inputs().into_iter().filter(|input| matches!(input.kind, InputKind::Image(_) | InputKind::Mask))
    }

    /// All graphs, the one that makes the outputs first.
    pub fn graphs(&self) -> impl Iterator<Item = &ValidGraph> {
        let recurrence = self.recurrence.iter().flat_map(|r| [&r.init, &r.step]);
        std::iter::once(&self.output).chain(recurrence)
    }

    fn check_size(&self, size: Size) -> Result<(), RequestError> {
        if !(1..=4096).contains(&size.batch) {
            return Err(RequestError::Batch(size.batch));
        }
        let rule = self.generator.size;
        let nearest = rule.nearest(size);
        if nearest == size {
            return Ok(());
        }
        let Size { height, width, .. } = size;
        let nearest = [nearest.height, nearest.width];
        Err(RequestError::Size { height, width, multiple: rule.multiple, min: rule.min, nearest })
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

/// The value of one input in the shape that the graph declares.
fn resolve_input(input: &GraphInput, index: u32, request: &Request) -> Result<Tensor, RequestError> {
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
            Ok(repeat(&shape, &[value]))
        }
        InputKind::Choice { options, default } => choice::fill(&shape, options, *default, given).map_err(|expected| {
            let shown = |tensor: &Tensor| match tensor.as_f32() {
                Some([index]) => index.to_string(),
                _ => tensor.tensor_type().to_string(),
            };
            fail(expected, given.map(shown).unwrap_or_default())
        }),
        InputKind::Prompt { buckets, default } => prompt(&shape, *buckets, default, given).map_err(|expected| {
            fail(expected, given.map(|tensor| tensor.tensor_type().to_string()).unwrap_or_default())
        }),
        InputKind::Color { default } => Ok(repeat(&shape, &numbers(3, default.to_vec())?)),
        InputKind::Coordinates(_) if given.is_some() => {
            Err(fail("nothing: coordinates follow from the request".into(), "a value".into()))
        }
        InputKind::Coordinates(coordinates) => {
            let filled = coordinates.fill(&shape, &input.shape, request.lattice, request.period);
            filled.ok_or_else(|| RequestError::Sphere { name: input.name.clone(), size: request.size })
        }
        InputKind::Latent(distribution) if given.is_none() => Ok(latent(input, &shape, *distribution, index, request)),
        InputKind::Mask if given.is_none() => Ok(repeat(&shape, &[1.0])),
        kind => {
            let kind = kind.name();
            let tensor = given.ok_or_else(|| RequestError::MissingInput { name: input.name.clone(), kind })?;
            let expected = TensorType { dtype: input.dtype, shape };
            if tensor.tensor_type() != expected {
                return Err(fail(expected.to_string(), tensor.tensor_type().to_string()));
            }
            Ok(tensor.clone())
        }
    }
}

/// The tokens of a prompt: one text for all images, or one for each.
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
        _ => return Err(format!("{count} tokens, or as many for each of {images} images")),
    };
    Ok(Tensor::new(shape.to_vec(), TensorData::I32(all)))
}

/// Random numbers on the request's lattice, each latent input with a stream of its own.
fn latent(input: &GraphInput, shape: &[usize], distribution: Distribution, index: u32, request: &Request) -> Tensor {
    let key = rng::key(request.seed, LATENT_STREAM + index, 0);
    let values = rng::fill(shape, &input.shape, request.lattice, |x, y, plane| match distribution {
        Distribution::Normal => rng::normal(x, y, plane, key),
        Distribution::Uniform => 2.0 * rng::uniform(rng::cell(x, y, plane, key)) - 1.0,
    });
    Tensor::f32(shape, values)
}

/// The value that `text` stands for: a number, the name of an option or weights (`moss=1,rock=0.5`), a prompt, or a colour as `#rrggbb` or `r,g,b` (linear).
pub fn parse_input(input: &GraphInput, text: &str) -> Result<Tensor, RequestError> {
    let fail = |expected: &str| RequestError::Value {
        name: input.name.clone(),
        expected: expected.into(),
        found: format!("{text:?}"),
    };
    let number = |text: &str| text.trim().parse::<f32>().ok().filter(|v| v.is_finite());
    match &input.kind {
        InputKind::Range { .. } => Ok(Tensor::scalar(number(text).ok_or_else(|| fail("a number"))?)),
        InputKind::Choice { options, .. } => choice::parse(text, options)
            .ok_or_else(|| fail(&format!("one of {options:?}, or weights of several as in {:?}", example(options)))),
        InputKind::Prompt { buckets, .. } => {
            let count = input.shape.get(1).and_then(|count| count.bind(Size::new(1, 1))).unwrap_or(0);
            Ok(Tensor::new(vec![count], TensorData::I32(tokens(text, count, *buckets))))
        }
        InputKind::Color { .. } => {
            let color = parse_color(text).ok_or_else(|| fail("#rrggbb, or three numbers r,g,b of linear light"))?;
            Ok(Tensor::f32([3], color))
        }
        kind => Err(fail(&format!("a value that text cannot give ({})", kind.name()))),
    }
}

/// How weights of the first and the last option are written.
fn example(options: &[String]) -> String {
    let name = |option: Option<&String>| option.cloned().unwrap_or_default();
    format!("{}=1,{}=0.5", name(options.first()), name(options.last()))
}

fn parse_color(text: &str) -> Option<[f32; 3]> {
    if let Some(hex) = text.trim().strip_prefix('#') {
        let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
        return Some([16, 8, 0].map(|shift| srgb_to_linear((value >> shift & 0xff) as f32 / 255.0)));
    }
    let parts: Option<Vec<f32>> =
        text.split(',').map(|part| part.trim().parse().ok().filter(|v: &f32| v.is_finite())).collect();
    parts?.try_into().ok()
}

impl InputKind {
    /// Name for people.
    pub fn name(&self) -> &'static str {
        match self {
            InputKind::Latent(_) => "latent",
            InputKind::Range { .. } => "range",
            InputKind::Choice { .. } => "choice",
            InputKind::Color { .. } => "color",
            InputKind::Coordinates(Coordinates::Plane) => "plane coordinates",
            InputKind::Coordinates(Coordinates::Sphere) => "sphere coordinates",
            InputKind::Coordinates(Coordinates::Torus) => "torus coordinates",
            InputKind::Prompt { .. } => "prompt",
            InputKind::Image(ColorSpace::Linear) => "linear image",
            InputKind::Image(ColorSpace::Srgb) => "sRGB image",
            InputKind::Mask => "mask",
            InputKind::State => "state",
            InputKind::Tensor => "tensor",
        }
    }
}
