//! A generator inside the graph of the layers: its names begin with the layer's, its random numbers have streams of their own, and its
//! controls have the layer's defaults.

use std::collections::{BTreeMap, BTreeSet};

use super::error::LayerFault;
use crate::file::LoadedGenerator;
use crate::generator::{Generator, RequestError, parse_input};
use crate::graph::{ColorSpace, Graph, GraphInput, InputKind, OutputKind};
use crate::tensor::Tensor;

/// Distance between the streams of random numbers of two seeds. Nodes use streams below 1000.
const STREAMS: u32 = 100_000;

/// What makes two layers equal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Source {
    pub hash: String,
    pub controls: BTreeMap<String, String>,
    pub seed: u32,
    pub shrink: u32,
}

/// The outputs of a generator in the graph of the layers.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub source: Source,
    /// Value and colour space of each map.
    pub maps: BTreeMap<OutputKind, (String, ColorSpace)>,
}

impl Instance {
    /// Adds `loaded` to `graph`.
    pub fn add(graph: &mut Graph, layer: &str, loaded: &LoadedGenerator, source: Source) -> Result<Self, LayerFault> {
        let shrunk = shrunk(loaded, source.shrink)?;
        let generator = shrunk.as_ref().unwrap_or(&loaded.generator.generator);
        if generator.recurrence.is_some() {
            return Err(LayerFault::Recurrent { generator: loaded.name.clone() });
        }
        let maps = maps(loaded)?;
        let plain = &generator.output;
        let inner = |name: &String| if name.is_empty() { String::new() } else { format!("{layer}.{name}") };
        let is_known = |name: &&String| plain.inputs.iter().any(|input| input.name == **name);
        if let Some(name) = source.controls.keys().find(|name| !is_known(name)) {
            let known = plain.inputs.iter().map(|input| input.name.clone()).collect();
            return Err(RequestError::UnknownInput { name: name.clone(), known }.into());
        }
        for input in &plain.inputs {
            let mut input = input.clone();
            if let Some(text) = source.controls.get(&input.name) {
                set_default(layer, &mut input, text)?;
            }
            graph.inputs.push(GraphInput { name: inner(&input.name), ..input });
        }
        let read: BTreeSet<&String> = plain.nodes.iter().flat_map(|node| &node.inputs).collect();
        for name in plain.weights.keys().filter(|name| read.contains(name)) {
            graph.weights.share(inner(name), &plain.weights, name);
        }
        for node in &plain.nodes {
            let mut node = node.clone();
            node.name = inner(&node.name);
            node.inputs.iter_mut().for_each(|input| *input = inner(input));
            node.outputs.iter_mut().for_each(|output| *output = inner(output));
            if let Some(stream) = node.op.stream_mut() {
                *stream = stream.wrapping_add(source.seed * STREAMS);
            }
            graph.nodes.push(node);
        }
        let maps = maps.into_iter().map(|(kind, (name, space))| (kind, (inner(&name), space))).collect();
        Ok(Self { source, maps })
    }
}

/// The generator of `loaded` with its sides halved `halvings` times, or as often as it can; `None` if they are not.
pub(super) fn shrunk(loaded: &LoadedGenerator, halvings: u32) -> Result<Option<Generator>, LayerFault> {
    if halvings == 0 {
        return Ok(None);
    }
    let generator = &loaded.generator.generator;
    let most = generator.most_halvings();
    let coarser = most.and_then(|most| generator.coarser(most.min(halvings as usize)));
    coarser.map(Some).ok_or_else(|| LayerFault::NotByExample { generator: loaded.name.clone() })
}

/// The maps of a material among the outputs.
fn maps(loaded: &LoadedGenerator) -> Result<BTreeMap<OutputKind, (String, ColorSpace)>, LayerFault> {
    let outputs = &loaded.generator.generator.output.outputs;
    let maps: BTreeMap<_, _> = outputs
        .iter()
        .filter(|output| OutputKind::MAPS.contains(&output.kind))
        .map(|output| (output.kind, (output.name.clone(), output.color_space)))
        .collect();
    // Coverage alone is no material.
    if maps.keys().any(|kind| *kind != OutputKind::Alpha) {
        return Ok(maps);
    }
    let found = outputs.iter().map(|output| output.kind.name()).collect::<Vec<_>>().join(", ");
    Err(LayerFault::NoMaterial { generator: loaded.name.clone(), found })
}

/// Makes `text` the default of a control.
fn set_default(layer: &str, input: &mut GraphInput, text: &str) -> Result<(), LayerFault> {
    let value = match &input.kind {
        InputKind::Range { .. } | InputKind::Color { .. } | InputKind::Choice { .. } => Some(parse_input(input, text)?),
        _ => None,
    };
    let numbers = value.as_ref().and_then(Tensor::as_f32).unwrap_or_default();
    let name = input.name.clone();
    let kind = input.kind.name();
    match &mut input.kind {
        InputKind::Range { min, max, default } => {
            let number = numbers.first().copied().unwrap_or(*default);
            if !(*min..=*max).contains(&number) {
                let expected = format!("a number from {min} to {max}");
                return Err(RequestError::Value { name, expected, found: text.into() }.into());
            }
            *default = number;
        }
        InputKind::Color { default } => default.copy_from_slice(numbers),
        InputKind::Choice { default, .. } => match numbers {
            [index] => *default = *index as usize,
            _ => {
                let expected = "one option; set a mixture in the request".into();
                return Err(RequestError::Value { name, expected, found: format!("{text:?}") }.into());
            }
        },
        InputKind::Prompt { default, .. } => *default = text.into(),
        _ => return Err(LayerFault::NoDefault { layer: layer.into(), name, kind }),
    }
    Ok(())
}
