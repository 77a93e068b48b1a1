//! `imagine import`: an ONNX file becomes a generator file, with roles for its inputs and outputs.
//!
//! Roles that nobody gives are guessed from shapes and names, and printed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Args;
use imagine_graph::file::{self, EXTENSION, WeightFormat};
use imagine_graph::{
    Add, Card, ColorSpace, Dim, Distribution, Generator, Graph, GraphInput, GraphOutput, InputKind, Mul, Op,
    OutputKind, Size, SizeRule, Symbol, Tensor,
};
use imagine_onnx::{Import, Options};
use serde_json::json;

use super::print;
use crate::arguments::parse_set;

/// Largest step between sizes that is tried.
const MOST_MULTIPLE: usize = 256;

/// What sizes are multiples of at which a network is tried.
const DEFAULT_MULTIPLE: usize = 64;

/// Arguments of `imagine import`.
#[derive(Args, Clone, Debug)]
pub struct ImportOnnx {
    /// ONNX file.
    file: PathBuf,
    /// Generator file to write, ending in .generator.safetensors.
    #[arg(long)]
    out: PathBuf,
    /// Role of an input: image[:srgb|:linear], mask, latent[:normal|:uniform] or tensor; with @LOW..HIGH behind it the network
    /// wants 0 to 1 scaled to that, as in image:srgb@0..255. May be repeated.
    #[arg(long, value_parser = parse_set, value_name = "NAME=ROLE")]
    input: Vec<(String, String)>,
    /// Role of an output: base_color, alpha, normal, height, roughness, metallic, occlusion, emissive, radiance or tensor; with
    /// @LOW..HIGH behind it the network gives that where 0 to 1 is meant, as in base_color@-1..1. May be repeated.
    #[arg(long, value_parser = parse_set, value_name = "NAME=ROLE")]
    output: Vec<(String, String)>,
    /// Title.
    #[arg(long, default_value = "")]
    title: String,
    /// Licence of the network, an SPDX expression.
    #[arg(long, default_value = "")]
    license: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl ImportOnnx {
    /// Imports and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let name = self.out.to_string_lossy();
        ensure!(name.ends_with(EXTENSION), "--out {name:?}: a name ending in {EXTENSION} expected");
        let import = self.import()?;
        let mut graph = import.graph;
        known(&self.input, "input", graph.inputs.iter().map(|input| input.name.as_str()))?;
        known(&self.output, "output", graph.outputs.iter().map(|output| output.name.as_str()))?;
        let mut roles = Vec::new();
        for index in 0..graph.inputs.len() {
            let role = role_of(&self.input, &graph.inputs[index].name);
            let role = role.unwrap_or_else(|| guess_input(&graph.inputs[index]).into());
            set_input(&mut graph, index, &role).with_context(|| format!("--input {role:?}"))?;
            roles.push(json!({ "input": graph.inputs[index].name, "role": role }));
        }
        for index in 0..graph.outputs.len() {
            let port = &import.outputs[index];
            let role = role_of(&self.output, &port.name).unwrap_or_else(|| guess_output(&port.shape).into());
            set_output(&mut graph, index, &role).with_context(|| format!("--output {role:?}"))?;
            roles.push(json!({ "output": port.name, "role": role }));
        }
        let size = size_rule(&graph, import.size)?;
        let card = Card { title: self.title, license: self.license, ..Card::default() };
        let generator = Generator { output: graph, recurrence: None, size, card };
        file::save(&self.out, &generator, WeightFormat::F32)?;
        let lines = roles.iter().map(|role| {
            let part = |key: &str| role[key].as_str().unwrap_or_default();
            let side = if role["input"].is_null() { "output" } else { "input" };
            format!("{side} {} is {}\n", part(side), part("role"))
        });
        let text = lines.collect::<String>() + &format!("wrote {name}");
        print(self.json, &json!({ "out": name, "roles": roles, "size_rule": size }), &text);
        Ok(ExitCode::SUCCESS)
    }
}

impl ImportOnnx {
    /// The network with its open sizes as parts of the size that it makes, which is what a generator is asked for.
    fn import(&self) -> anyhow::Result<Import> {
        let import = imagine_onnx::import_file(&self.file, &Options::default())?;
        let made = import.outputs.iter().find_map(|port| match port.shape.as_slice() {
            [_, _, Dim::Fixed(height), Dim::Fixed(width)] => Some([*height, *width]),
            _ => None,
        });
        let Some([height, width]) = made.filter(|made| *made != [import.size.height, import.size.width]) else {
            return Ok(import);
        };
        let part = |[numerator, denominator]: [usize; 2], whole: usize, made: usize| {
            let (numerator, denominator) = (numerator * whole, denominator * made);
            let common = common_divisor(numerator, denominator);
            [numerator / common, denominator / common]
        };
        let mut dims = BTreeMap::new();
        for port in &import.inputs {
            for (axis, dim) in port.shape.iter().enumerate() {
                let symbol = match dim {
                    Dim::Symbol(Symbol::Height(ratio)) => Symbol::Height(part(*ratio, import.size.height, height)),
                    Dim::Symbol(Symbol::Width(ratio)) => Symbol::Width(part(*ratio, import.size.width, width)),
                    _ => continue,
                };
                dims.insert(format!("{}/{axis}", port.name), Dim::Symbol(symbol));
            }
        }
        if dims.is_empty() {
            return Ok(import);
        }
        // Tried at sizes that the parts divide.
        let enlarged = height / common_divisor(height, import.size.height);
        let size_multiple = Some(DEFAULT_MULTIPLE * enlarged);
        Ok(imagine_onnx::import_file(&self.file, &Options { dims, size_multiple, ..Options::default() })?)
    }
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Fails on a role for something that is not there.
fn known<'a>(given: &[(String, String)], what: &str, names: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let names: Vec<_> = names.collect();
    match given.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        Some((name, _)) => bail!("no {what} is called {name:?}; there are {names:?}"),
        None => Ok(()),
    }
}

fn role_of(given: &[(String, String)], name: &str) -> Option<String> {
    given.iter().rev().find(|(given, _)| given == name).map(|(_, role)| role.clone())
}

fn guess_input(input: &GraphInput) -> &'static str {
    match input.shape.as_slice() {
        [_, Dim::Fixed(1), Dim::Symbol(_), Dim::Symbol(_)] if input.name.to_lowercase().contains("mask") => "mask",
        [_, Dim::Fixed(1 | 3 | 4), Dim::Symbol(_), Dim::Symbol(_)] => "image:srgb",
        [_, _] | [_, _, Dim::Fixed(1), Dim::Fixed(1)] => "latent:normal",
        _ => "tensor",
    }
}

fn guess_output(shape: &[Dim]) -> &'static str {
    match shape {
        [_, Dim::Fixed(3), _, _] => "base_color",
        [_, Dim::Fixed(1), _, _] => "height",
        _ => "tensor",
    }
}

/// A role without its range, and the range.
fn split_range(role: &str) -> anyhow::Result<(&str, Option<RangeInclusive<f32>>)> {
    let Some((role, range)) = role.split_once('@') else { return Ok((role, None)) };
    let ends = range.split_once("..").and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    match ends {
        Some((low, high)) if low < high && f32::is_finite(low) && f32::is_finite(high) => Ok((role, Some(low..=high))),
        _ => bail!("range {range:?}: LOW..HIGH expected, as in -1..1"),
    }
}

fn set_input(graph: &mut Graph, index: usize, role: &str) -> anyhow::Result<()> {
    let (role, range) = split_range(role)?;
    graph.inputs[index].kind = match role {
        "image" | "image:srgb" => InputKind::Image(ColorSpace::Srgb),
        "image:linear" => InputKind::Image(ColorSpace::Linear),
        "mask" => InputKind::Mask,
        "latent" | "latent:normal" => InputKind::Latent(Distribution::Normal),
        "latent:uniform" => InputKind::Latent(Distribution::Uniform),
        "tensor" => InputKind::Tensor,
        _ => bail!("role {role:?} is not known: image, image:linear, mask, latent, latent:uniform or tensor"),
    };
    let Some(range) = range else { return Ok(()) };
    let name = graph.inputs[index].name.clone();
    let scaled = fresh(graph, &format!("{name}.scaled"));
    for node in &mut graph.nodes {
        node.inputs.iter_mut().filter(|input| **input == name).for_each(|input| input.clone_from(&scaled));
    }
    line(graph, &name, &scaled, range.end() - range.start(), *range.start());
    // Nodes stand before those that read them.
    graph.nodes.rotate_right(2);
    Ok(())
}

fn set_output(graph: &mut Graph, index: usize, role: &str) -> anyhow::Result<()> {
    let (role, range) = split_range(role)?;
    let kinds = [
        OutputKind::BaseColor,
        OutputKind::Alpha,
        OutputKind::Normal,
        OutputKind::Height,
        OutputKind::Roughness,
        OutputKind::Metallic,
        OutputKind::Occlusion,
        OutputKind::Emissive,
        OutputKind::Radiance,
        OutputKind::Tensor,
    ];
    let kind = kinds.into_iter().find(|kind| kind.name() == role);
    let kind =
        kind.with_context(|| format!("role {role:?} is not known: {}", kinds.map(OutputKind::name).join(", ")))?;
    let name = graph.outputs[index].name.clone();
    graph.outputs[index] = GraphOutput::new(&name, kind);
    let Some(range) = range else { return Ok(()) };
    let raw = fresh(graph, &format!("{name}.raw"));
    for node in &mut graph.nodes {
        let values = node.inputs.iter_mut().chain(&mut node.outputs);
        values.filter(|value| **value == name).for_each(|value| value.clone_from(&raw));
    }
    let scale = (range.end() - range.start()).recip();
    line(graph, &raw, &name, scale, -range.start() * scale);
    Ok(())
}

/// Adds `to = from * scale + offset`.
fn line(graph: &mut Graph, from: &str, to: &str, scale: f32, offset: f32) {
    let product = fresh(graph, &format!("{to}.product"));
    let scale = graph.weight(&fresh(graph, &format!("{to}.scale")), Tensor::scalar(scale));
    let offset = graph.weight(&fresh(graph, &format!("{to}.offset")), Tensor::scalar(offset));
    graph.push(&product, Mul {}, [from, &scale]);
    graph.push(to, Op::from(Add {}), [product.as_str(), &offset]);
}

/// `wanted`, or with a number behind it where a value, weight or node is called so.
fn fresh(graph: &Graph, wanted: &str) -> String {
    let taken = |name: &str| {
        let values = graph.nodes.iter().flat_map(|node| node.outputs.iter().chain([&node.name]));
        graph.weights.contains_key(name)
            || values.chain(graph.inputs.iter().map(|input| &input.name)).any(|value| value == name)
    };
    let numbered = (1..).map(|number| format!("{wanted}_{number}"));
    std::iter::once(wanted.to_string()).chain(numbered).find(|name| !taken(name)).expect("there are enough numbers")
}

/// The smallest size, and the step between sizes, that the graph can be bound at. What is not open has one size.
fn size_rule(graph: &Graph, size: Size) -> anyhow::Result<SizeRule> {
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
    let shape = valid.bind(size)?.value_type(valid.outputs()[0]).shape.clone();
    if let (false, [.., height, width]) = (is_open, shape.as_slice()) {
        return Ok(SizeRule { multiple: [*height, *width], min: [*height, *width], tiles: false });
    }
    let all_fit = |step: usize| (0..4).all(|more| fits(size.height + more * step, size.width + more * step));
    let step = (1..=MOST_MULTIPLE).find(|step| all_fit(*step));
    let step = step.with_context(|| format!("no multiple up to {MOST_MULTIPLE} of pixels fits the network"))?;
    let least = (1..).map(|count| count * step).find(|&side| side >= size.height.max(size.width) || fits(side, side));
    let least = least.unwrap_or(step);
    Ok(SizeRule { multiple: [step; 2], min: [least; 2], tiles: false })
}
