//! Support: which part of its inputs an output pixel depends on. It decides what may be tiled, cut into patches and sliced.
//!
//! Every operator says for itself what one of its output elements reads ([`Reach`]); here these answers are composed along
//! the graph. Height and width are the last two axes of every value. A composed [`Window`] is exact where strides are
//! whole, and holds for every position where a graph also up-samples. What positions outside an image hold (zeros, the
//! border, the other side) is not part of a window.

use std::collections::BTreeMap;

use crate::dim::{Dim, Symbol};
use crate::ops::Op;
use crate::tensor::TensorType;
use crate::validate::{BoundGraph, ValidNode};

mod track;

use self::track::Track;

/// Which elements of one input an output element of a node reads, along height and width.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// The element at its own place (or the one it broadcasts from).
    Pointwise,
    /// A window along height and width.
    Window([Window; 2]),
    /// The whole input, and why, as in "reads all of `its weights`".
    Everything(&'static str),
}

/// A window along one axis: output element `i` reads input elements `floor(i * stride / repeat) + low ..= .. + high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input elements from one output element to the next ..
    pub stride: usize,
    /// .. divided by this: above 1 in up-sampling.
    pub repeat: usize,
    /// First element read, relative to the place.
    pub low: i64,
    /// Last element read, relative to the place.
    pub high: i64,
}

/// The part of a graph's input that one output pixel depends on.
#[derive(Clone, Debug, PartialEq)]
pub enum Support {
    /// A window; the receptive field.
    Local {
        /// Windows along height and width.
        windows: [Window; 2],
    },
    /// The whole image.
    Global {
        /// The node that makes it so.
        node: String,
        /// What that node reads, as in "reads all of `height and width`".
        reads: &'static str,
    },
}

/// How one output of a graph depends on one image that the graph starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputSupport {
    /// Name of the output.
    pub output: String,
    /// Name of the input, or of the value that a random node writes.
    pub source: String,
    /// What one output pixel reads of it.
    pub support: Support,
}

/// How a value inside the graph depends on one image.
#[derive(Clone, Debug)]
enum Found {
    Local([Track; 2]),
    Global { node: String, reads: &'static str },
}

/// Largest stride, offset or period of a composed window; what goes beyond it counts as global.
const MAX_SPAN: i128 = 1 << 16;
const UNRELATED: &str = "its inputs at scales that do not fit together";
const SPREAD: &str = "one row or column for all of height or width";

impl Window {
    /// Every output element reads the input element at its own place.
    pub const POINT: Window = Window { stride: 1, repeat: 1, low: 0, high: 0 };

    /// The window on a source of a value that reads, through `self`, a value that reads the source through `inner`.
    fn after(self, inner: Window) -> Option<Window> {
        let [(os, or), (is, ir)] = [self, inner].map(|w| (w.stride as i128, w.repeat as i128));
        let (stride, repeat) = (os * is, or * ir);
        if stride > MAX_SPAN || repeat > MAX_SPAN {
            return None;
        }
        // The pattern of positions repeats after `repeat` elements, so that these are all there are.
        let read = |place: i128, offset: i64| (place + i128::from(offset)) * is;
        let ends = (0..repeat).map(|i| {
            let (between, place) = ((i * os).div_euclid(or), (i * stride).div_euclid(repeat));
            let end =
                |offset, inner_offset: i64| read(between, offset).div_euclid(ir) + i128::from(inner_offset) - place;
            (end(self.low, inner.low), end(self.high, inner.high))
        });
        let (low, high) = ends.fold((i128::MAX, i128::MIN), |(low, high), (l, h)| (low.min(l), high.max(h)));
        if low < -MAX_SPAN || high > MAX_SPAN {
            return None;
        }
        let divisor = greatest_common_divisor(stride, repeat);
        let [stride, repeat] = [stride, repeat].map(|n| (n / divisor) as usize);
        Some(Window { stride, repeat, low: low as i64, high: high as i64 })
    }

    /// The smallest window that holds both; `None` where they move at different speeds.
    fn join(self, other: Window) -> Option<Window> {
        let same = (self.stride, self.repeat) == (other.stride, other.repeat);
        same.then(|| Window { low: self.low.min(other.low), high: self.high.max(other.high), ..self })
    }
}

impl BoundGraph<'_> {
    /// How every output depends on every image that the graph starts from: inputs and random nodes whose last two
    /// dimensions are symbolic. Pairs that do not depend on each other are left out, and so are sources without height
    /// and width, such as a global latent or a control.
    pub fn support(&self) -> Vec<OutputSupport> {
        let graph = self.graph;
        let mut sources: Vec<String> = Vec::new();
        let mut reads: Vec<BTreeMap<usize, Found>> = vec![BTreeMap::new(); graph.value_count()];
        let own_place = || Found::Local([Track::POINT; 2]);
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
            if random_shape(&node.op).is_some_and(is_image) {
                reads[written.0].insert(sources.len(), own_place());
                sources.push(graph.name(written).into());
            }
        }
        let outputs = graph.outputs().iter().flat_map(|output| {
            reads[output.0].iter().map(|(&source, found)| OutputSupport {
                output: graph.name(*output).into(),
                source: sources[source].clone(),
                support: match found {
                    Found::Local(tracks) => Support::Local { windows: tracks.map(Track::window) },
                    Found::Global { node, reads } => Support::Global { node: node.clone(), reads },
                },
            })
        });
        outputs.collect()
    }

    fn node_support(
        &self,
        node: &ValidNode,
        output: &TensorType,
        reads: &[BTreeMap<usize, Found>],
    ) -> BTreeMap<usize, Found> {
        let types: Vec<_> = node.inputs.iter().map(|value| value.map(|v| self.value_type(v))).collect();
        let mut found: BTreeMap<usize, Found> = BTreeMap::new();
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

/// Support of a node's output through one of its inputs, whose own support is `before`.
fn through(node: &ValidNode, reach: &Reach, before: &Found, input: &TensorType, output: &TensorType) -> Found {
    let Found::Local(inner) = before else { return before.clone() };
    let outer = match reach {
        Reach::Everything(reads) => return global(node, reads),
        Reach::Pointwise if last_two(input) != last_two(output) => return global(node, SPREAD),
        Reach::Pointwise => return before.clone(),
        Reach::Window(windows) => windows,
    };
    match [Track::new(outer[0]).after(inner[0]), Track::new(outer[1]).after(inner[1])] {
        [Some(y), Some(x)] => Found::Local([y, x]),
        _ => global(node, UNRELATED),
    }
}

fn join(node: &ValidNode, left: &Found, right: &Found) -> Found {
    let (Found::Local(a), Found::Local(b)) = (left, right) else {
        return if matches!(left, Found::Global { .. }) { left.clone() } else { right.clone() };
    };
    match [a[0].join(b[0]), a[1].join(b[1])] {
        [Some(y), Some(x)] => Found::Local([y, x]),
        _ => global(node, UNRELATED),
    }
}

fn global(node: &ValidNode, reads: &'static str) -> Found {
    Found::Global { node: node.name.clone(), reads }
}

fn is_image(shape: &[Dim]) -> bool {
    let symbolic = |dim: &Dim| matches!(dim, Dim::Symbol(Symbol::Height(_) | Symbol::Width(_)));
    shape.iter().rev().take(2).any(symbolic)
}

pub(crate) fn random_shape(op: &Op) -> Option<&[Dim]> {
    match op {
        Op::RandomUniform(op) => Some(&op.shape),
        Op::RandomNormal(op) => Some(&op.shape),
        Op::Bernoulli(op) => Some(&op.shape),
        _ => None,
    }
}

/// Height and width of a type; a missing dimension counts as 1.
fn last_two(found: &TensorType) -> [usize; 2] {
    [2, 1].map(|from_end| found.shape.len().checked_sub(from_end).map_or(1, |axis| found.shape[axis]))
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}..={}", self.low, self.high)?;
        match (self.stride, self.repeat) {
            (1, 1) => Ok(()),
            (stride, 1) => write!(f, " at stride {stride}"),
            (stride, repeat) => write!(f, " at stride {stride}/{repeat}"),
        }
    }
}

impl std::fmt::Display for Support {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Support::Local { windows: [y, x] } => write!(f, "rows {y}, columns {x}"),
            Support::Global { node, reads } => write!(f, "global: node {node:?} reads all of {reads}"),
        }
    }
}

#[cfg(test)]
mod tests;
