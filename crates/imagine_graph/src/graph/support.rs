//! Support: the part of the inputs that an output pixel depends on. It decides which outputs may be tiled, cut into patches
//! and sliced.
//!
//! Every operator states the [`Reach`] of its output elements; this module composes reaches along the graph. Height and width
//! are the last two axes of every value. A composed [`Window`] is exact for whole strides, and an upper bound over all
//! positions where the graph also up-samples. Padding (zeros, the border, the opposite side) is not part of a window.

use std::collections::BTreeMap;

mod fractional_window;

use self::fractional_window::FractionalWindow;
use super::validate::{BoundGraph, ValidNode};
use crate::ops::{Reach, Window};
use crate::tensor::{Dim, Extent, PerAxis, Symbol, TensorType};

/// The part of an input that one output pixel depends on.
#[derive(Clone, Debug, PartialEq)]
pub enum Support {
    /// A window; the receptive field.
    Local {
        /// Windows along height and width.
        windows: PerAxis<Window>,
    },
    /// The whole image.
    Global {
        /// The first node that reads all of it.
        node: String,
        /// Completes "reads all of", as in `height and width`.
        reads: &'static str,
    },
}

/// How one output of a graph depends on one of its source images.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputSupport {
    /// Name of the output.
    pub output: String,
    /// Name of the input, or of the value written by a random node.
    pub source: String,
    /// The part of it that one output pixel reads.
    pub support: Support,
}

/// How a value inside the graph depends on one source image.
#[derive(Clone, Debug)]
enum Dependence {
    Local(PerAxis<FractionalWindow>),
    Global { node: String, reads: &'static str },
}

const UNRELATED: &str = "its inputs at scales that do not fit together";
const SPREAD: &str = "one row or column for all of height or width";

impl BoundGraph<'_> {
    /// How every output depends on every source image: inputs and random nodes whose last two dimensions are symbolic.
    /// Omits independent pairs, and sources without height and width, such as a global latent or a control.
    pub fn support(&self) -> Vec<OutputSupport> {
        let graph = self.graph;
        let mut sources: Vec<String> = Vec::new();
        let mut reads: Vec<BTreeMap<usize, Dependence>> = vec![BTreeMap::new(); graph.value_count()];
        let own_place = || Dependence::Local(PerAxis::splat(FractionalWindow::POINT));
        for (index, input) in graph.graph().inputs.iter().enumerate() {
            if is_image(&input.shape) {
                reads[graph.input(index).0].insert(sources.len(), own_place());
                sources.push(input.name.clone());
            }
        }
        for node in graph.nodes() {
            for &output in &node.outputs {
                reads[output.0] = self.node_support(node, self.value_type(output), &reads);
            }
            let written = node.outputs[0];
            if node.op.random_shape().is_some_and(is_image) {
                reads[written.0].insert(sources.len(), own_place());
                sources.push(graph.name(written).into());
            }
        }
        let outputs = graph.outputs().iter().flat_map(|output| {
            reads[output.0].iter().map(|(&source, found)| OutputSupport {
                output: graph.name(*output).into(),
                source: sources[source].clone(),
                support: match found {
                    Dependence::Local(windows) => Support::Local { windows: windows.map(FractionalWindow::window) },
                    Dependence::Global { node, reads } => Support::Global { node: node.clone(), reads },
                },
            })
        });
        outputs.collect()
    }

    fn node_support(
        &self,
        node: &ValidNode,
        output: &TensorType,
        reads: &[BTreeMap<usize, Dependence>],
    ) -> BTreeMap<usize, Dependence> {
        let types: Vec<_> = node.inputs.iter().map(|value| value.map(|v| self.value_type(v))).collect();
        let mut found: BTreeMap<usize, Dependence> = BTreeMap::new();
        for ((reach, value), input) in node.op.reach(&types, output).iter().zip(&node.inputs).zip(&types) {
            let (Some(value), Some(input)) = (value, input) else { continue };
            for (&source, before) in &reads[value.0] {
                let next = through(node, reach, before, input, output);
                let joined = found.remove(&source).map_or(next.clone(), |other| join(node, &other, &next));
                found.insert(source, joined);
            }
        }
        found
    }
}

/// Dependence of a node's output through one of its inputs, which itself depends on the source as `before` says.
fn through(
    node: &ValidNode,
    reach: &Reach,
    before: &Dependence,
    input: &TensorType,
    output: &TensorType,
) -> Dependence {
    let Dependence::Local(inner) = before else { return before.clone() };
    let outer = match reach {
        Reach::Everything(reads) => return global(node, reads),
        Reach::Pointwise if Extent::of_shape(&input.shape) != Extent::of_shape(&output.shape) => {
            return global(node, SPREAD);
        }
        Reach::Pointwise => return before.clone(),
        Reach::Window(windows) => windows,
    };
    let composed = PerAxis::from_fn(|axis| FractionalWindow::new(outer[axis]).after(inner[axis]));
    composed.both().map_or_else(|| global(node, UNRELATED), Dependence::Local)
}

fn join(node: &ValidNode, left: &Dependence, right: &Dependence) -> Dependence {
    let (Dependence::Local(a), Dependence::Local(b)) = (left, right) else {
        return if matches!(left, Dependence::Global { .. }) { left.clone() } else { right.clone() };
    };
    let joined = PerAxis::from_fn(|axis| a[axis].join(b[axis]));
    joined.both().map_or_else(|| global(node, UNRELATED), Dependence::Local)
}

fn global(node: &ValidNode, reads: &'static str) -> Dependence {
    Dependence::Global { node: node.name.clone(), reads }
}

fn is_image(shape: &[Dim]) -> bool {
    let symbolic = |dim: &Dim| matches!(dim, Dim::Symbol(Symbol::Height(_) | Symbol::Width(_)));
    shape.iter().rev().take(2).any(symbolic)
}

impl std::fmt::Display for Support {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Support::Local { windows } => write!(f, "rows {}, columns {}", windows.height, windows.width),
            Support::Global { node, reads } => write!(f, "global: node {node:?} reads all of {reads}"),
        }
    }
}

#[cfg(test)]
mod tests;
