//! A network that enlarges a picture, as a part of other graphs.

use std::collections::BTreeSet;
use std::sync::Arc;

use imagine_graph::file::LoadedGenerator;
use imagine_graph::generators::Formula;
use imagine_graph::{
    Axis, ColorSpace, Extent, Graph, GraphOutput, InputKind, Op, OutputKind, PadMode, Size, SizeRule, ValidGenerator,
    Windows,
};

use super::color::{linear, srgb};
use super::error::UpscaleError;

/// Smallest side of a picture that continues at the opposite border, in pixels: kernels read no pixel twice.
pub const WRAPPED_SIDE: usize = 8;
/// How often a network may enlarge a side.
const FACTORS: std::ops::RangeInclusive<usize> = 2..=8;

/// A network that enlarges a picture of three channels.
#[derive(Clone, Debug)]
pub struct Network {
    pub loaded: Arc<LoadedGenerator>,
    pub factor: usize,
    input: String,
    space: ColorSpace,
    output: GraphOutput,
}

impl Network {
    /// Checks that `loaded` is such a network.
    pub fn new(loaded: Arc<LoadedGenerator>) -> Result<Self, UpscaleError> {
        let fail = |reason: &str| UpscaleError::NoUpscaler { generator: loaded.name.clone(), reason: reason.into() };
        let generator = &loaded.generator;
        if generator.generator.recurrence.is_some() {
            return Err(fail("it is a living texture"));
        }
        let graph = generator.output.graph();
        let [input] = &graph.inputs[..] else { return Err(fail(&format!("it has {} inputs", graph.inputs.len()))) };
        let InputKind::Image(space) = input.kind else { return Err(fail("its input is no picture")) };
        let output = graph.outputs.iter().find(|output| output.kind == OutputKind::BaseColor);
        let output = output.ok_or_else(|| fail("it makes no base colour"))?.clone();
        let factor =
            factor(generator, &output).ok_or_else(|| fail("its output is not a whole number of times as large"))?;
        if output.range[1] <= output.range[0] {
            return Err(fail("the range of its output is empty"));
        }
        let input = input.name.clone();
        Ok(Self { factor, input, space, output, loaded: loaded.clone() })
    }

    /// Adds the network to `f` under the name `part`; returns the larger picture, sRGB from 0 to 1.
    pub fn add(&self, f: &mut Formula, part: &str, picture: &str) -> String {
        let plain = self.loaded.generator.output.graph();
        let given = match self.space {
            ColorSpace::Srgb => picture.to_string(),
            ColorSpace::Linear => linear(f, picture),
        };
        let inner = |name: &str| match name {
            "" => String::new(),
            name if name == self.input => given.clone(),
            name if plain.weights.contains_key(name) => format!("upscaler.{name}"),
            name => format!("{part}.{name}"),
        };
        share_weights(f, plain);
        for node in &plain.nodes {
            let mut node = node.clone();
            node.name = format!("{part}.{}", node.name);
            node.inputs.iter_mut().for_each(|name| *name = inner(name));
            node.outputs.iter_mut().for_each(|name| *name = inner(name));
            f.graph.nodes.push(node);
        }
        f.part(part);
        let [low, high] = self.output.range;
        let mut made = inner(&self.output.name);
        if [low, high] != [0.0, 1.0] {
            made = f.scaled(&made, 1.0 / (high - low), -low / (high - low));
        }
        match self.output.color_space {
            ColorSpace::Srgb => f.clip(&made, 0.0, 1.0),
            ColorSpace::Linear => srgb(f, &made),
        }
    }

    /// The same network on a torus: it continues at the opposite border.
    pub fn wrapped(&self) -> Result<Self, UpscaleError> {
        let mut generator = self.loaded.generator.generator.clone();
        for node in &mut generator.output.nodes {
            match &mut node.op {
                Op::Conv(conv) => conv.pad_mode = PadMode::Wrap,
                Op::Pad(pad) => pad.mode = PadMode::Wrap,
                _ => {}
            }
        }
        generator.size = larger_than(generator.size, WRAPPED_SIDE * self.factor);
        let name = self.loaded.name.clone();
        let generator =
            generator.validate().map_err(|errors| UpscaleError::Graph { generator: name.clone(), errors })?;
        let size = bindable(&generator, self.factor);
        for axis in Axis::ALL {
            let windows = Windows::of_image(&generator, size, 0, axis);
            windows.map_err(|reason| UpscaleError::CannotWrap { generator: name.clone(), reason })?;
        }
        let LoadedGenerator { hash, name, .. } = self.loaded.as_ref().clone();
        let loaded = LoadedGenerator { generator, hash, name, parts: Vec::new(), layers: None };
        Ok(Self { loaded: Arc::new(loaded), ..self.clone() })
    }
}

/// The sizes of `rule` with sides of at least `side`.
pub fn larger_than(rule: SizeRule, side: usize) -> SizeRule {
    let min = Extent::from_fn(|axis| rule.min[axis].max(side).next_multiple_of(rule.multiple[axis].max(1)));
    SizeRule { min, ..rule }
}

/// Adds the weights that nodes of `plain` read, unless they are there.
fn share_weights(f: &mut Formula, plain: &Graph) {
    let read: BTreeSet<&String> = plain.nodes.iter().flat_map(|node| &node.inputs).collect();
    for name in plain.weights.keys().filter(|name| read.contains(name)) {
        let own = format!("upscaler.{name}");
        if !f.graph.weights.contains_key(&own) {
            f.graph.weights.share(own, &plain.weights, name);
        }
    }
}

/// How often the network enlarges the sides of its input; `None` if it does not.
fn factor(generator: &ValidGenerator, output: &GraphOutput) -> Option<usize> {
    let graph = &generator.output;
    let index = graph.graph().outputs.iter().position(|other| other.name == output.name)?;
    FACTORS.into_iter().find(|&factor| {
        let size = bindable(generator, factor);
        let Ok(bound) = graph.bind(size) else { return false };
        let input: Option<Vec<usize>> = graph.graph().inputs[0].shape.iter().map(|dim| dim.bind(size)).collect();
        let made = &bound.value_type(graph.outputs()[index]).shape;
        input == Some(vec![1, 3, size.height / factor, size.width / factor]) && *made == [1, 3, size.height, size.width]
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
