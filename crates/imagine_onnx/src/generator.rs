//! Turns a model into a generator: assigns roles to inputs and outputs, finds its sizes, adds the card.

use std::collections::BTreeMap;
use std::path::Path;

use imagine_graph::{
    Add, ColorSpace, Dim, Distribution, Extent, Generator, Graph, GraphInput, GraphOutput, InputKind, Mul, Op,
    OutputKind, Ratio, Size, SizeRule, Symbol, Tensor, ValidGenerator,
};

use crate::error::{Fault, ImportError};
use crate::external::ExternalData;
use crate::import::{Import, import_model};
use crate::inputs::{DEFAULT_MULTIPLE, Options, ValueInfo};
use crate::proto::ModelProto;
use crate::read::{decode, read_file};
use crate::role::{InputRole, OutputRole};
use crate::roles::Roles;

/// Maximum step between sizes to try.
const MAX_MULTIPLE: usize = 256;

/// Maximum size that the search for the smallest size tries.
const MAX_SMALLEST: usize = 1024;

/// The role of an input or output.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignedRole {
    /// Name of the input or output.
    pub name: String,
    /// The role, as text.
    pub role: String,
    /// Whether it is an output.
    pub is_output: bool,
    /// Whether it was guessed.
    pub guessed: bool,
}

/// Imports a model as a generator; returns the roles of its inputs and outputs too, in the file's order.
pub fn generator_from_bytes(
    bytes: &[u8],
    external: ExternalData,
    roles: &Roles,
) -> Result<(ValidGenerator, Vec<AssignedRole>), ImportError> {
    let import = import(&decode(bytes)?, external, roles)?;
    let mut graph = import.graph;
    let mut used = Vec::new();
    known("input", roles.inputs.keys(), graph.inputs.iter().map(|input| &input.name))?;
    known("output", roles.outputs.keys(), graph.outputs.iter().map(|output| &output.name))?;
    for index in 0..graph.inputs.len() {
        let name = graph.inputs[index].name.clone();
        let given = roles.inputs.get(&name);
        let role = given.cloned().unwrap_or_else(|| guess_input(&graph.inputs[index]).into());
        set_input(&mut graph, index, &role);
        used.push(AssignedRole { name, role: role.to_string(), is_output: false, guessed: given.is_none() });
    }
    // The graph has no outputs without elements.
    let has = |name: &String| graph.outputs.iter().any(|output| output.name == *name);
    if let Some(info) = import.outputs.iter().find(|info| !has(&info.name)) {
        let reason = "has no elements: export the model without it".into();
        return Err(Fault::Output { output: info.name.clone(), reason }.into());
    }
    for (index, info) in import.outputs.iter().enumerate() {
        let given = roles.outputs.get(&info.name);
        let taken = |kind: &OutputKind| graph.outputs.iter().any(|output| output.kind == *kind);
        let guess = || guess_output(&info.shape).filter(|kind| !taken(kind)).unwrap_or(OutputKind::Tensor).into();
        let role = given.cloned().unwrap_or_else(guess);
        check_batch(info, &role)?;
        set_output(&mut graph, index, &role);
        used.push(AssignedRole {
            name: info.name.clone(),
            role: role.to_string(),
            is_output: true,
            guessed: given.is_none(),
        });
    }
    let size = roles.size.map_or_else(|| size_rule(&graph, import.size), Ok)?;
    let generator = Generator { output: graph, recurrence: None, size, card: roles.card.clone() };
    Ok((generator.validate()?, used))
}

/// Imports the model at `path` as a generator; external data may lie in its folder or below. [`Roles::beside`] reads the roles
/// file beside a model.
pub fn generator_from_file(path: &Path, roles: &Roles) -> Result<(ValidGenerator, Vec<AssignedRole>), ImportError> {
    let (bytes, folder) = read_file(path)?;
    generator_from_bytes(&bytes, ExternalData::Folder(folder), roles)
}

/// Imports the network with its open dimensions as fractions of the output size, which is what a request asks for.
fn import(model: &ModelProto, external: ExternalData, roles: &Roles) -> Result<Import, ImportError> {
    let options = Options { dims: roles.dims.clone(), ..Options::default() };
    let import = import_model(model, external, &options)?;
    let made = import.outputs.iter().find_map(|info| match info.shape.as_slice() {
        [_, _, Dim::Fixed(height), Dim::Fixed(width)] => Some([*height, *width]),
        _ => None,
    });
    let Some([height, width]) = made.filter(|made| *made != [import.size.height, import.size.width]) else {
        return Ok(import);
    };
    let part = |ratio: Ratio, whole: usize, made: usize| {
        Some(Ratio::new(ratio.numerator.checked_mul(whole)?, ratio.denominator.checked_mul(made)?).reduced())
    };
    let mut dims = BTreeMap::new();
    for info in &import.inputs {
        for (axis, dim) in info.shape.iter().enumerate() {
            let symbol = match dim {
                Dim::Symbol(Symbol::Height(ratio)) => part(*ratio, import.size.height, height).map(Symbol::Height),
                Dim::Symbol(Symbol::Width(ratio)) => part(*ratio, import.size.width, width).map(Symbol::Width),
                _ => continue,
            };
            dims.extend(symbol.map(|symbol| (format!("{}/{axis}", info.name), Dim::Symbol(symbol))));
        }
    }
    if dims.is_empty() {
        return Ok(import);
    }
    // Probe sizes must be divisible by the fractions' denominators.
    let enlarged = Ratio::new(height, import.size.height).reduced().numerator;
    let size_multiple = Some(DEFAULT_MULTIPLE.saturating_mul(enlarged));
    import_model(model, external, &Options { dims, size_multiple, ..options })
}

/// Refuses roles for unknown names.
fn known<'a>(
    what: &'static str,
    mut given: impl Iterator<Item = &'a String>,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), ImportError> {
    let known: Vec<String> = names.cloned().collect();
    match given.find(|name| !known.contains(name)) {
        Some(name) => Err(Fault::UnknownRole { what, name: name.clone(), known }.into()),
        None => Ok(()),
    }
}

/// Maps are made one image at a time.
fn check_batch(info: &ValueInfo, role: &OutputRole) -> Result<(), ImportError> {
    match info.shape.first() {
        Some(&Dim::Fixed(batch)) if batch > 1 && role.kind.channels().is_some() && info.shape.len() == 4 => {
            Err(Fault::Batch { output: info.name.clone(), batch }.into())
        }
        _ => Ok(()),
    }
}

fn guess_input(input: &GraphInput) -> InputKind {
    match input.shape.as_slice() {
        [_, _] | [_, _, Dim::Fixed(1), Dim::Fixed(1)] => InputKind::Latent(Distribution::Normal),
        [_, Dim::Fixed(1), _, _] if input.name.to_lowercase().contains("mask") => InputKind::Mask,
        [_, Dim::Fixed(1 | 3 | 4), _, _] => InputKind::Image(ColorSpace::Srgb),
        _ => InputKind::Tensor,
    }
}

fn guess_output(shape: &[Dim]) -> Option<OutputKind> {
    match shape {
        [_, Dim::Fixed(3), _, _] => Some(OutputKind::BaseColor),
        [_, Dim::Fixed(1), _, _] => Some(OutputKind::Height),
        _ => None,
    }
}

fn set_input(graph: &mut Graph, index: usize, role: &InputRole) {
    graph.inputs[index].kind = role.kind.clone();
    let Some([low, high]) = role.range else { return };
    let name = graph.inputs[index].name.clone();
    let scaled = fresh(graph, &format!("{name}.scaled"));
    for node in &mut graph.nodes {
        node.inputs.iter_mut().filter(|input| **input == name).for_each(|input| input.clone_from(&scaled));
    }
    affine(graph, &name, &scaled, high - low, low);
    // Nodes come before those that read them.
    graph.nodes.rotate_right(2);
}

fn set_output(graph: &mut Graph, index: usize, role: &OutputRole) {
    let name = graph.outputs[index].name.clone();
    graph.outputs[index] = GraphOutput::new(&name, role.kind);
    let Some([low, high]) = role.range else { return };
    let raw = fresh(graph, &format!("{name}.raw"));
    for node in &mut graph.nodes {
        let values = node.inputs.iter_mut().chain(&mut node.outputs);
        values.filter(|value| **value == name).for_each(|value| value.clone_from(&raw));
    }
    let scale = (high - low).recip();
    affine(graph, &raw, &name, scale, -low * scale);
}

/// Adds `to = from * scale + offset`.
fn affine(graph: &mut Graph, from: &str, to: &str, scale: f32, offset: f32) {
    let product = fresh(graph, &format!("{to}.product"));
    let scale = graph.weight(&fresh(graph, &format!("{to}.scale")), Tensor::scalar(scale));
    let offset = graph.weight(&fresh(graph, &format!("{to}.offset")), Tensor::scalar(offset));
    graph.push(&product, Mul {}, [from, &scale]);
    graph.push(to, Op::from(Add {}), [product.as_str(), &offset]);
}

/// `wanted`, with a number if a value, weight or node has that name.
fn fresh(graph: &Graph, wanted: &str) -> String {
    let taken = |name: &str| {
        let values = graph.nodes.iter().flat_map(|node| node.outputs.iter().chain([&node.name]));
        graph.weights.contains_key(name)
            || values.chain(graph.inputs.iter().map(|input| &input.name)).any(|value| value == name)
    };
    let numbered = (1..).map(|number| format!("{wanted}_{number}"));
    std::iter::once(wanted.to_string()).chain(numbered).find(|name| !taken(name)).expect("there are enough numbers")
}

/// The smallest size and the step between sizes at which the graph can be bound. A fixed network has one size.
fn size_rule(graph: &Graph, size: Size) -> Result<SizeRule, ImportError> {
    let valid = graph.validate()?;
    let fits = |height, width| {
        let bound = valid.bind(Size::new(height, width));
        bound.is_ok_and(|bound| {
            valid.outputs().iter().all(|value| match bound.value_type(*value).shape.as_slice() {
                [_, _, found @ ..] if found.len() == 2 => *found == [height, width],
                _ => true,
            })
        })
    };
    let open = graph.inputs.iter().flat_map(|input| &input.shape);
    let is_open = open.into_iter().any(|dim| matches!(dim, Dim::Symbol(Symbol::Height(_) | Symbol::Width(_))));
    let bound = valid.bind(size)?;
    let shape = valid.outputs().first().map(|value| bound.value_type(*value).shape.as_slice());
    if let (false, Some([_, _, height, width])) = (is_open, shape) {
        let only = Extent { height: *height, width: *width };
        return Ok(SizeRule { multiple: only, min: only, tiles: false });
    }
    let beyond = |side: usize, more: usize| side.saturating_add(more);
    let all_fit =
        |step: usize| (0..4).all(|count| fits(beyond(size.height, count * step), beyond(size.width, count * step)));
    let step = (1..=MAX_MULTIPLE).find(|step| all_fit(*step)).ok_or(Fault::NoSize { most: MAX_MULTIPLE })?;
    let known_to_fit = size.height.max(size.width).min(MAX_SMALLEST);
    let least = (1..).map(|count| count * step).find(|&side| side >= known_to_fit || fits(side, side));
    Ok(SizeRule { multiple: Extent::splat(step), min: Extent::splat(least.unwrap_or(step)), tiles: false })
}
