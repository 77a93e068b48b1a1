//! Level of detail: the same pieces in the same places with fewer texels, for what is far away.

use std::collections::HashSet;

use imagine_codec::{Maps, Stored, pyramid};

use super::{Card, Generator};
use crate::graph::{Graph, Node, TEXELS, Weights};
use crate::ops::Op;
use crate::tensor::{Dim, Ratio, Symbol, Tensor, TensorData};

impl Generator {
    /// How often the sides of [`Self::coarser`] can be halved; `None` if the generator is not by example.
    pub fn most_halvings(&self) -> Option<usize> {
        Some(self.output.weights.exemplar()?.levels().len().saturating_sub(1))
    }

    /// The generator by example whose outputs have `2^halvings` times fewer rows and columns: a request of such a size shows what
    /// this generator shows, from the exemplar's pyramid, and costs as many times less. `None` if this generator is not by
    /// example or does not have so many levels.
    ///
    /// It shares its weights with this generator, so it is for running: a file of it would be large.
    pub fn coarser(&self, halvings: usize) -> Option<Generator> {
        coarser(self, halvings)
    }
}

fn coarser(generator: &Generator, halvings: usize) -> Option<Generator> {
    let graph = &generator.output;
    let exemplar = graph.weights.exemplar().filter(|exemplar| halvings < exemplar.levels().len())?;
    let gathers: Vec<&Node> = graph.nodes.iter().filter(|node| matches!(node.op, Op::ExemplarGather(_))).collect();
    let mut field = gathers.first()?.inputs.first()?;
    let mut left = halvings;
    while left > 0 {
        let node = producer(graph, field)?;
        left -= usize::from(matches!(node.op, Op::ExemplarDouble(_)));
        field = node.inputs.first()?;
    }
    let inputs = graph.inputs.clone();
    let mut coarser = Graph { inputs, outputs: graph.outputs.clone(), ..Graph::default() };
    let gains = gathers.iter().flat_map(|gather| gather.inputs.iter().skip(2));
    let needed = needed(graph, gains.chain([field]).collect());
    let is_needed = |node: &&Node| node.outputs.iter().any(|output| needed.contains(output));
    let kept = graph.nodes.iter().filter(is_needed);
    coarser.nodes = kept.map(|node| Node { op: scaled(&node.op, 1 << halvings), ..node.clone() }).collect();
    for gather in gathers {
        let inputs = [vec![field.clone()], gather.inputs[1..].to_vec()].concat();
        coarser.nodes.push(Node { inputs, ..gather.clone() });
    }
    let read: HashSet<&String> = coarser.nodes.iter().flat_map(|node| &node.inputs).collect();
    let mut weights = Weights::default();
    for name in graph.weights.keys().filter(|name| read.contains(name) && *name != TEXELS) {
        weights.share(name.clone(), &graph.weights, name);
    }
    let maps = coarser_maps(exemplar, halvings);
    let shape = vec![maps.height(), maps.width(), maps.channels().div_ceil(4)];
    weights.insert(TEXELS.into(), Tensor::new(shape, TensorData::I32(maps.words())));
    coarser.weights = weights;
    let texels_per_metre = generator.card.texels_per_metre.map(|density| density / (1 << halvings) as f32);
    let card = Card { texels_per_metre, ..generator.card.clone() };
    Some(Generator { output: coarser, recurrence: None, size: generator.size.halved(halvings), card })
}

/// The maps of a level of the pyramid, `halvings` below the finest.
pub fn coarser_maps(exemplar: &Stored, halvings: usize) -> Maps {
    let level = pyramid(exemplar.maps(), exemplar.edges(), halvings).pop().expect("at least the finest level");
    // The inverse of the finest level's rule.
    let byte = |value: &i16| ((i32::from(*value) + 2048) * 510 + 4095).div_euclid(8190).clamp(0, 255) as u8;
    let texels = level.values.iter().map(byte).collect();
    Maps::new(level.height, level.width, level.channels, texels).expect("levels have sides of at least 4")
}

/// `needed` and all values that they are computed from.
fn needed<'a>(graph: &'a Graph, mut needed: HashSet<&'a String>) -> HashSet<&'a String> {
    for node in graph.nodes.iter().rev() {
        if node.outputs.iter().any(|output| needed.contains(output)) {
            needed.extend(&node.inputs);
        }
    }
    needed
}

fn producer<'a>(graph: &'a Graph, value: &str) -> Option<&'a Node> {
    graph.nodes.iter().find(|node| node.outputs.iter().any(|output| output == value))
}

/// The operator in a graph whose images have `factor` times fewer rows and columns.
fn scaled(op: &Op, factor: usize) -> Op {
    let scaled = |dim: &Dim| {
        let ratio = |ratio: &Ratio| Ratio::new(ratio.numerator * factor, ratio.denominator).reduced();
        match dim {
            Dim::Symbol(Symbol::Height(height)) => Dim::Symbol(Symbol::Height(ratio(height))),
            Dim::Symbol(Symbol::Width(width)) => Dim::Symbol(Symbol::Width(ratio(width))),
            other => *other,
        }
    };
    let mut op = op.clone();
    match &mut op {
        Op::ExemplarStart(start) => start.shape.iter_mut().for_each(|dim| *dim = scaled(dim)),
        Op::ExemplarMove(moved) => moved.shape.iter_mut().for_each(|dim| *dim = scaled(dim)),
        Op::Resize(resize) => resize.sizes.iter_mut().for_each(|dim| *dim = scaled(dim)),
        _ => {}
    }
    op
}
