//! A network that makes a picture of a picture, as a part of other graphs.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use imagine_graph::file::LoadedGenerator;
use imagine_graph::generators::Formula;
use imagine_graph::{
    Axis, ColorSpace, Extent, Generator, Graph, GraphErrors, GraphInput, GraphOutput, InputKind, Op, OutputKind,
    PadMode, Size, SizeRule, ValidGenerator, WindowError, Windows,
};

use crate::color::{linear, srgb};
use crate::error::EditError;

/// Smallest side of a picture that continues at the opposite border, in pixels: kernels read no pixel twice.
pub(crate) const WRAPPED_SIDE: usize = 8;

/// A network that makes a picture of three channels of another one.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub loaded: Arc<LoadedGenerator>,
    /// Factor by which each side grows.
    pub factor: usize,
    /// Numbers that the user sets.
    pub controls: Vec<GraphInput>,
    input: String,
    space: ColorSpace,
    output: GraphOutput,
}

/// Why a network cannot continue at the opposite border.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WrapError {
    /// With it the graph is not valid.
    Graph(GraphErrors),
    /// Parts of its result cannot be computed alone.
    Windows(WindowError),
}

impl Network {
    /// Checks that `loaded` is such a network, with one of `factors`, and that its other inputs are controls called like one of `controls`; says
    /// why not.
    pub fn new(
        loaded: Arc<LoadedGenerator>,
        factors: RangeInclusive<usize>,
        controls: &[&str],
    ) -> Result<Self, String> {
        let generator = &loaded.generator;
        if generator.generator.recurrence.is_some() {
            return Err("it is a living texture".into());
        }
        let graph = generator.output.graph();
        let is_control = |input: &&GraphInput| {
            matches!(input.kind, InputKind::Range { .. }) && controls.contains(&input.name.as_str())
        };
        let (controls, inputs): (Vec<&GraphInput>, Vec<&GraphInput>) = graph.inputs.iter().partition(is_control);
        let [input] = &inputs[..] else { return Err(format!("it has {} inputs", graph.inputs.len())) };
        let InputKind::Image(space) = input.kind else { return Err("its input is no picture".into()) };
        let output = graph.outputs.iter().find(|output| output.kind == OutputKind::BaseColor);
        let output = output.ok_or("it makes no base colour")?.clone();
        let is_one = *factors.end() == 1;
        let size = if is_one { "not of its input's size" } else { "not a whole number of times as large" };
        let factor = factor(generator, input, &output, factors).ok_or_else(|| format!("its output is {size}"))?;
        if output.range[1] <= output.range[0] {
            return Err("the range of its output is empty".into());
        }
        let (input, controls) = (input.name.clone(), controls.into_iter().cloned().collect());
        Ok(Self { factor, controls, input, space, output, loaded: loaded.clone() })
    }

    /// Adds the network to `f` under the name `part`; returns its picture, sRGB from 0 to 1. `f` has its controls.
    pub fn add(&self, f: &mut Formula, part: &str, picture: &str) -> String {
        let plain = self.loaded.generator.output.graph();
        let given = match self.space {
            ColorSpace::Srgb => picture.to_string(),
            ColorSpace::Linear => linear(f, picture),
        };
        let mut inputs = vec![(self.input.as_str(), given.as_str())];
        inputs.extend(self.controls.iter().map(|control| (control.name.as_str(), control.name.as_str())));
        let made = joined(f, plain, part, &inputs);
        f.part(part);
        let index = plain.outputs.iter().position(|output| output.name == self.output.name).unwrap_or(0);
        let [low, high] = self.output.range;
        let mut made = made[index].clone();
        if [low, high] != [0.0, 1.0] {
            made = f.scaled(&made, 1.0 / (high - low), -low / (high - low));
        }
        match self.output.color_space {
            ColorSpace::Srgb => f.clip(&made, 0.0, 1.0),
            ColorSpace::Linear => srgb(f, &made),
        }
    }

    /// The same network on a torus: it continues at the opposite border.
    pub fn wrapped(&self) -> Result<Self, WrapError> {
        let plain = &self.loaded.generator.generator;
        let generator = wrapped(plain.clone(), WRAPPED_SIDE * self.factor, self.factor)?;
        let LoadedGenerator { hash, name, .. } = self.loaded.as_ref().clone();
        let loaded = LoadedGenerator { generator, hash, name, parts: Vec::new(), layers: None };
        Ok(Self { loaded: Arc::new(loaded), ..self.clone() })
    }
}

/// Adds the nodes of `plain` to `f` under the name `part`, and its weights unless they are there; `inputs` are names of its inputs and the values
/// in `f` that they become. Returns the values of its outputs.
pub(crate) fn joined(f: &mut Formula, plain: &Graph, part: &str, inputs: &[(&str, &str)]) -> Vec<String> {
    let inner = |name: &str| match inputs.iter().find(|(input, _)| *input == name) {
        _ if name.is_empty() => String::new(),
        Some((_, value)) => value.to_string(),
        None if plain.weights.contains_key(name) => format!("network.{name}"),
        None => format!("{part}.{name}"),
    };
    share_weights(f, plain);
    for node in &plain.nodes {
        let mut node = node.clone();
        node.name = format!("{part}.{}", node.name);
        node.inputs.iter_mut().for_each(|name| *name = inner(name));
        node.outputs.iter_mut().for_each(|name| *name = inner(name));
        f.graph.nodes.push(node);
    }
    plain.outputs.iter().map(|output| inner(&output.name)).collect()
}

/// A generator whose pictures continue at the opposite border, with sides of at least `least`; it enlarges its input by `factor`.
pub(crate) fn wrapped(mut generator: Generator, least: usize, factor: usize) -> Result<ValidGenerator, WrapError> {
    for node in &mut generator.output.nodes {
        match &mut node.op {
            Op::Conv(conv) => conv.pad_mode = PadMode::Wrap,
            Op::Pad(pad) => pad.mode = PadMode::Wrap,
            _ => {}
        }
    }
    generator.size = SizeRule { tiles: true, ..larger_than(generator.size, least) };
    let generator = generator.validate().map_err(WrapError::Graph)?;
    let size = bindable(&generator, factor);
    for axis in Axis::ALL {
        Windows::of_image(&generator, size, 0, axis).map_err(WrapError::Windows)?;
    }
    Ok(generator)
}

impl WrapError {
    /// The error about the network of `generator`.
    pub fn of(self, generator: &str) -> EditError {
        match self {
            Self::Graph(errors) => EditError::Graph(errors),
            Self::Windows(reason) => EditError::CannotWrap { generator: generator.into(), reason: Box::new(reason) },
        }
    }
}

/// The sizes of `rule` with sides of at least `side`.
pub(crate) fn larger_than(rule: SizeRule, side: usize) -> SizeRule {
    let min = Extent::from_fn(|axis| rule.min[axis].max(side).next_multiple_of(rule.multiple[axis].max(1)));
    SizeRule { min, ..rule }
}

/// Adds the weights that nodes of `plain` read, unless they are there.
fn share_weights(f: &mut Formula, plain: &Graph) {
    let read: BTreeSet<&String> = plain.nodes.iter().flat_map(|node| &node.inputs).collect();
    for name in plain.weights.keys().filter(|name| read.contains(name)) {
        let own = format!("network.{name}");
        if !f.graph.weights.contains_key(&own) {
            f.graph.weights.share(own, &plain.weights, name);
        }
    }
}

/// The factor by which the network enlarges the sides of its input; `None` if it is none of `factors`.
fn factor(
    generator: &ValidGenerator,
    input: &GraphInput,
    output: &GraphOutput,
    mut factors: RangeInclusive<usize>,
) -> Option<usize> {
    let graph = &generator.output;
    let index = graph.graph().outputs.iter().position(|other| other.name == output.name)?;
    factors.find(|&factor| {
        let size = bindable(generator, factor);
        let Ok(bound) = graph.bind(size) else { return false };
        let given: Option<Vec<usize>> = input.shape.iter().map(|dim| dim.bind(size)).collect();
        let made = &bound.value_type(graph.outputs()[index]).shape;
        given == Some(vec![1, 3, size.height / factor, size.width / factor]) && *made == [1, 3, size.height, size.width]
    })
}

/// A small size of results that the network can make if it enlarges by `factor`; not square.
fn bindable(generator: &ValidGenerator, factor: usize) -> Size {
    let rule = generator.generator.size;
    let side = |axis: Axis, least: usize| {
        axis.of(rule.smallest()).max(least).next_multiple_of(factor * rule.multiple[axis].max(1))
    };
    Size::new(side(Axis::Height, 16), side(Axis::Width, 48))
}
