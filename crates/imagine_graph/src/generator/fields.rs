//! Fields: inputs that vary over an endless world, such as the controls of a material from biome to biome.
//!
//! A control is one number, colour or choice for a whole image. Where the graph broadcasts it over height and width,
//! [`ValidGenerator::with_fields`] turns it into an image: the graph then reads one coarse input ([`FIELD_INPUT`], one element
//! every [`FIELD_CELL`] texels), which a `Resize` interpolates and a `Slice` splits into the controls. Elements lie at fixed
//! positions of the world, so that patches meet exactly. An input declared with one element every [`FIELD_CELL`] texels, such
//! as a map of kinds, reads the elements without interpolation. If a control does not broadcast, the error names the node.

use std::fmt;
use std::sync::Arc;

use num_integer::Integer;

use super::request_error::RequestError;
use super::{Generator, Recurrence, SizeRule, ValidGenerator};
use crate::graph::{Graph, GraphError, GraphErrors, GraphInput, InputKind};
use crate::ops::{Resize, ResizeMode, Slice};
use crate::tensor::{Dim, Extent, Ratio, Size, Symbol, Tensor, Texel, WorldPoint};

/// Distance in texels between the positions at which fields are evaluated.
pub const FIELD_CELL: usize = 16;
/// Elements of a field per texel of the world.
const CELL_RATIO: Ratio = Ratio::new(1, FIELD_CELL);
/// Name of the input with the values of all fields.
pub const FIELD_INPUT: &str = "imagine.fields";
/// Maximum number of inputs that are fields at once.
const MAX_FIELDS: usize = 64;

/// Computes the values of all inputs at a position.
type Sample = dyn Fn(WorldPoint, &mut [f32]) + Send + Sync;

/// Inputs that vary over a world, and the function that gives their values.
#[derive(Clone)]
pub struct Fields {
    inputs: Vec<String>,
    sample: Arc<Sample>,
}

impl Fields {
    /// `sample` gets a position in the world and writes the values of `inputs` one after the other: one number for a range,
    /// three for a colour (linear), one weight per option of a choice, the channels of an image, one number for a mask. Values
    /// outside a range are clipped to it. Equal positions must get equal values.
    pub fn new(
        inputs: impl IntoIterator<Item = impl Into<String>>,
        sample: impl Fn(WorldPoint, &mut [f32]) + Send + Sync + 'static,
    ) -> Self {
        Self { inputs: inputs.into_iter().map(Into::into).collect(), sample: Arc::new(sample) }
    }

    /// Names of the inputs.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Values of [`FIELD_INPUT`] for a window of `size` whose first texel is `origin`.
    pub(crate) fn sample(&self, generator: &ValidGenerator, size: Size, origin: Texel) -> Result<Tensor, RequestError> {
        let fields = self.declared(generator)?;
        let channels: usize = fields.iter().map(|field| field.channels).sum();
        let Extent { height: rows, width: columns } = size.extent().map(|side| side / FIELD_CELL);
        let mut values = vec![0.0; channels * rows * columns];
        let mut here = vec![0.0; channels];
        let middle = |origin: i32, index: usize| f64::from(origin) + (index * FIELD_CELL + FIELD_CELL / 2) as f64;
        for row in 0..rows {
            for column in 0..columns {
                let at = WorldPoint { x: middle(origin.x, column), y: middle(origin.y, row) };
                (self.sample)(at, &mut here);
                let mut first = 0;
                for field in &fields {
                    for channel in first..first + field.channels {
                        let value = field.clip(here[channel]).ok_or_else(|| self.not_a_number(field))?;
                        values[(channel * rows + row) * columns + column] = value;
                    }
                    first += field.channels;
                }
            }
        }
        Ok(Tensor::f32([size.batch, channels, rows, columns], values.repeat(size.batch)))
    }

    fn declared<'a>(&self, generator: &'a ValidGenerator) -> Result<Vec<Field<'a>>, RequestError> {
        if self.inputs.is_empty() || self.inputs.len() > MAX_FIELDS {
            return Err(self.fault(format!("expected 1 to {MAX_FIELDS} inputs, found {}", self.inputs.len())));
        }
        let declared = generator.inputs();
        let mut fields: Vec<Field> = Vec::new();
        for name in &self.inputs {
            let Some(input) = declared.iter().find(|input| input.name == *name) else {
                let known: Vec<&str> = declared.iter().map(|input| input.name.as_str()).collect();
                return Err(self.fault(format!("there is no input {name:?}; the generator has {known:?}")));
            };
            if fields.iter().any(|field| field.input.name == *name) {
                return Err(self.fault(format!("input {name:?} is named twice")));
            }
            fields.push(Field::new(input).map_err(|reason| self.fault(reason))?);
        }
        Ok(fields)
    }

    fn not_a_number(&self, field: &Field) -> RequestError {
        self.fault(format!("a value of {:?} is not a finite number", field.input.name))
    }

    pub(crate) fn fault(&self, reason: String) -> RequestError {
        RequestError::Field { inputs: self.inputs.clone(), reason }
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").field("inputs", &self.inputs).finish_non_exhaustive()
    }
}

/// Fields are equal if their inputs are equal and they share the function.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.inputs == other.inputs && Arc::ptr_eq(&self.sample, &other.sample)
    }
}

/// An input that becomes a field.
struct Field<'a> {
    input: &'a GraphInput,
    channels: usize,
    /// Whether the graph reads one element every [`FIELD_CELL`] texels.
    is_coarse: bool,
}

impl<'a> Field<'a> {
    fn new(input: &'a GraphInput) -> Result<Self, String> {
        let name = &input.name;
        let whole = |dim: &Dim| *dim == Dim::Fixed(1) || is_side(dim, Ratio::ONE);
        let cell = |dim: &Dim| is_side(dim, CELL_RATIO);
        let (channels, is_coarse) = match input.shape.as_slice() {
            [Dim::Fixed(1) | Dim::BATCH, Dim::Fixed(channels), y, x] if whole(y) && whole(x) => (*channels, false),
            [Dim::Fixed(1) | Dim::BATCH, Dim::Fixed(channels), y, x] if cell(y) && cell(x) => (*channels, true),
            _ => {
                let shape: Vec<String> = input.shape.iter().map(Dim::to_string).collect();
                let shape = shape.join(", ");
                return Err(format!(
                    "input {name:?} has the shape [{shape}], expected [1, C, 1, 1], a whole image, or an image of 1/{FIELD_CELL} of its sides"
                ));
            }
        };
        match input.kind {
            InputKind::Range { .. }
            | InputKind::Color { .. }
            | InputKind::Choice { .. }
            | InputKind::Mask
            | InputKind::Image(_) => Ok(Self { input, channels, is_coarse }),
            _ => Err(format!("input {name:?} ({}) is not a control, image or mask", input.kind.name())),
        }
    }

    /// The value, clipped to the input's range; `None` if it is not finite.
    fn clip(&self, value: f32) -> Option<f32> {
        let value = Some(value).filter(|value| value.is_finite())?;
        Some(match self.input.kind {
            InputKind::Range { min, max, .. } => value.clamp(min, max),
            InputKind::Choice { .. } | InputKind::Mask | InputKind::Image(_) => value.clamp(0.0, 1.0),
            _ => value,
        })
    }
}

fn is_side(dim: &Dim, part: Ratio) -> bool {
    matches!(dim, Dim::Symbol(Symbol::Height(ratio) | Symbol::Width(ratio)) if *ratio == part)
}

impl ValidGenerator {
    /// The same generator with the inputs of `fields` as images, all in the one input [`FIELD_INPUT`].
    pub fn with_fields(&self, fields: &Fields) -> Result<ValidGenerator, RequestError> {
        let declared = fields.declared(self)?;
        let plain = &self.generator;
        let size = SizeRule { multiple: plain.size.multiple.map(|side| side.max(1).lcm(&FIELD_CELL)), ..plain.size };
        let output = with_fields(&plain.output, &declared);
        let recurrence = plain.recurrence.as_ref().map(|recurrence| Recurrence {
            init: with_fields(&recurrence.init, &declared),
            step: with_fields(&recurrence.step, &declared),
            ..recurrence.clone()
        });
        let generator = Generator { output, recurrence, size, card: plain.card.clone() };
        let valid = generator.validate().map_err(|errors| fields.fault(explain(&errors)))?;
        Ok(ValidGenerator { input_order: self.input_order.clone(), ..valid })
    }
}

/// The faults of the graphs, with a hint if a node does not accept a field.
fn explain(errors: &GraphErrors) -> String {
    let is_shape = |error: &GraphError| matches!(error, GraphError::Part { error, .. } if matches!(**error, GraphError::Node { .. }));
    let hint = if errors.0.iter().any(is_shape) { "; set that input to one value for the whole patch" } else { "" };
    format!("the network does not broadcast them over height and width: {errors}{hint}")
}

/// `graph` with its `fields` as slices of one resized input.
fn with_fields(graph: &Graph, fields: &[Field]) -> Graph {
    let mut graph = graph.clone();
    let is_read = |field: &&Field| graph.inputs.iter().any(|input| input.name == field.input.name);
    if !fields.iter().any(|field| is_read(&field)) {
        return graph;
    }
    graph.inputs.retain(|input| !fields.iter().any(|field| field.input.name == input.name));
    let channels = fields.iter().map(|field| field.channels).sum();
    let coarse = graph.input(FIELD_INPUT, InputKind::Tensor, Dim::nchw_divided(channels, FIELD_CELL));
    let resize = Resize { mode: ResizeMode::Linear, scales: vec![FIELD_CELL as f32; 2], ..Resize::default() };
    let smooth = (!fields.iter().all(|field| field.is_coarse))
        .then(|| graph.push("imagine.fields.smooth", resize, [coarse.as_str()]));
    let mut first = 0;
    for field in fields {
        let end = first + field.channels as i64;
        let slice = Slice { starts: vec![first], ends: vec![end], axes: vec![1], steps: Vec::new() };
        graph.push(&field.input.name, slice, [smooth.as_deref().filter(|_| !field.is_coarse).unwrap_or(&coarse)]);
        first = end;
    }
    graph
}
