//! Turns a model into a generator: assigns roles to inputs and outputs, finds its sizes, adds the card.

mod channels;
mod guess;
mod maps;
mod sizes;

use std::path::Path;

use imagine_graph::{DType, Dim, Generator, InputKind, OutputKind, Tensor, TensorData, ValidGenerator};

use crate::error::{Fault, ImportError};
use crate::external::ExternalData;
use crate::inputs::{Options, ValueInfo};
use crate::proto::ModelProto;
use crate::read::{decode, read_file};
use crate::role::{InputRole, OutputRole};
use crate::roles::Roles;
use crate::tensor::ElementType;

/// The role of an input or output.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignedRole {
    /// Name of the input or output; with its channels, as in `y/0..3`, if that is a part of an output.
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
    let model = decode(bytes)?;
    let import = sizes::import(&model, external, &options(&model, roles)?, roles)?;
    let mut graph = import.graph;
    let mut used = Vec::new();
    known("input", roles.inputs.keys(), graph.inputs.iter().map(|input| &input.name))?;
    for (index, info) in import.inputs.iter().enumerate() {
        let given = roles.inputs.get(&info.name);
        let mut role: InputRole = given.cloned().unwrap_or_else(|| guess::input(&graph, info).into());
        if let InputKind::Choice { options, .. } = &mut role.kind
            && let (true, Some(&Dim::Fixed(count))) = (options.is_empty(), info.shape.get(1).or(info.shape.first()))
        {
            *options = guess::options(count);
        }
        maps::set_input(&mut graph, index, info.element, &role);
        let (name, role) = (info.name.clone(), role.to_string());
        used.push(AssignedRole { name, role, is_output: false, guessed: given.is_none() });
    }
    // The graph has no outputs without elements.
    let has = |name: &String| graph.outputs.iter().any(|output| output.name == *name);
    if let Some(info) = import.outputs.iter().find(|info| !has(&info.name)) {
        let reason = "has no elements: export the model without it".into();
        return Err(Fault::Output { output: info.name.clone(), reason }.into());
    }
    let given = channels::by_output(&roles.outputs, &import.outputs)?;
    let mut outputs: Vec<maps::Part> = Vec::new();
    for (info, given) in import.outputs.iter().zip(given) {
        let guessed = given.is_empty();
        let taken = |kind: OutputKind| outputs.iter().any(|(_, _, role)| role.kind == kind);
        let parts = if guessed { guess::output(info, taken) } else { given };
        for (channels, role) in parts {
            check_batch(info, &role)?;
            let name = channels.name(&info.name);
            used.push(AssignedRole { name, role: role.to_string(), is_output: true, guessed });
            outputs.push((info, channels, role));
        }
    }
    maps::set_outputs(&mut graph, &outputs);
    let size = roles.size.map_or_else(|| sizes::rule(&graph, import.size), Ok)?;
    let generator = Generator { output: graph, recurrence: None, size, card: roles.card.clone() };
    Ok((generator.validate()?, used))
}

/// Imports the model at `path` as a generator; external data may lie in its folder or below. [`Roles::beside`] reads the roles
/// file beside a model.
pub fn generator_from_file(path: &Path, roles: &Roles) -> Result<(ValidGenerator, Vec<AssignedRole>), ImportError> {
    let (bytes, folder) = read_file(path)?;
    generator_from_bytes(&bytes, ExternalData::Folder(folder), roles)
}

/// The dimensions and values in the roles.
fn options(model: &ModelProto, roles: &Roles) -> Result<Options, ImportError> {
    let mut options = Options { dims: roles.dims.clone(), ..Options::default() };
    let inputs = || model.graph.iter().flat_map(|graph| &graph.input);
    known("input", roles.values.keys(), inputs().map(|input| &input.name))?;
    for input in inputs() {
        let Some(numbers) = roles.values.get(&input.name) else { continue };
        let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let element = tensor.and_then(|tensor| ElementType::from_code(tensor.elem_type));
        let rank = tensor.and_then(|tensor| tensor.shape.as_ref()).map_or(1, |shape| shape.dim.len());
        let data = match element.map(ElementType::dtype) {
            Some(DType::I32) => TensorData::I32(numbers.iter().map(|&v| v as i32).collect()),
            Some(DType::Bool) => TensorData::Bool(numbers.iter().map(|&v| v != 0.0).collect()),
            _ => TensorData::F32(numbers.iter().map(|&v| v as f32).collect()),
        };
        let shape = match (rank, numbers.len()) {
            (0, 1) => Vec::new(),
            (1, count) if count > 0 => vec![count],
            _ => {
                let reason = format!(
                    "has {rank} dimensions and a value of {} numbers: only one number or a list can be given",
                    numbers.len()
                );
                return Err(Fault::Input { input: input.name.clone(), reason }.into());
            }
        };
        options.values.insert(input.name.clone(), Tensor::new(shape, data));
    }
    Ok(options)
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
