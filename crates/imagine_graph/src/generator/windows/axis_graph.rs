//! One graph along one axis: where each value lies in the image, and which elements it reads.

use std::ops::Range;

use num_integer::Integer;

use super::error::WindowError;
use super::span::{Boundary, Span, ceil_div};
use crate::graph::{BoundGraph, ValidGraph, ValidNode, ValueId};
use crate::ops::{Op, PadMode, Reach, ResizeMode, Window};
use crate::tensor::axis::checked_lcm;
use crate::tensor::{Axis, Dim, Extent, Ratio, Symbol, TensorType};

/// Where the elements of a value lie along the axis of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// Nowhere in particular: the value is the same in every window.
    Fixed,
    /// Constant along the axis, and as long as the window.
    Uniform,
    /// Element `i` of the whole image's value lies at pixel `i / scale`.
    Scaled(Ratio),
}

/// A node's read of one value through a window to write another.
#[derive(Clone, Debug)]
struct WindowedRead {
    node: usize,
    input: usize,
    from: ValueId,
    to: ValueId,
    window: Window,
    wraps: bool,
}

/// What a patch needs of a value of a graph whose values are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// Elements per pixel; `None` if the value does not move with the window.
    pub scale: Option<Ratio>,
    /// Elements of the plane; `None` if no output depends on the value. They begin where every reader can begin.
    pub elements: Option<Range<i64>>,
}

/// The elements required of every value.
pub(super) type RequiredElements = Vec<Option<Range<i64>>>;

/// One graph along one axis.
#[derive(Clone, Debug)]
pub(super) struct AxisGraph<'a> {
    pub graph: &'a ValidGraph,
    /// Whether a node draws a random number for each element.
    pub draws_random_numbers: bool,
    part: &'static str,
    axis: Axis,
    length: usize,
    lengths: Vec<usize>,
    placements: Vec<Placement>,
    reads: Vec<WindowedRead>,
    /// Whether each value lies after a cut: is the field of a finer level, or depends on one.
    after_cut: Vec<bool>,
}

impl Placement {
    /// Elements per pixel.
    pub fn scale(self) -> Option<Ratio> {
        if let Placement::Scaled(scale) = self { Some(scale) } else { None }
    }
}

impl<'a> AxisGraph<'a> {
    /// `bound` is the graph of the whole image.
    pub fn new(part: &'static str, bound: &BoundGraph<'a>, axis: Axis) -> Result<Self, WindowError> {
        let graph = bound.graph;
        let lengths = (0..graph.value_count()).map(|value| length_of(bound.value_type(ValueId(value)), axis)).collect();
        let placements = vec![Placement::Fixed; graph.value_count()];
        let length = axis.of(bound.size);
        let mut after_cut = vec![false; graph.value_count()];
        for node in graph.nodes() {
            let is_after = is_cut(node) || node.inputs.iter().flatten().any(|input| after_cut[input.0]);
            node.outputs.iter().for_each(|output| after_cut[output.0] = is_after);
        }
        let (draws_random_numbers, reads) = (false, Vec::new());
        let mut found = Self { graph, draws_random_numbers, part, axis, length, lengths, placements, reads, after_cut };
        for (index, input) in graph.graph().inputs.iter().enumerate() {
            let scale = scale_of(&input.shape, axis).map_err(|()| WindowError::Layout {
                input: input.name.clone(),
                axis: axis.name(),
                expected: 2 - axis as usize,
            })?;
            found.placements[graph.input(index).0] = scale.map_or(Placement::Fixed, Placement::Scaled);
        }
        let live = live(graph);
        for (index, node) in graph.nodes().iter().enumerate().filter(|(index, _)| live[*index]) {
            for &output in &node.outputs {
                found.placements[output.0] = found.place_output(bound, index, node, output)?;
            }
        }
        Ok(found)
    }

    /// The placement of a node's output; records what it reads.
    fn place_output(
        &mut self,
        bound: &BoundGraph,
        index: usize,
        node: &ValidNode,
        output: ValueId,
    ) -> Result<Placement, WindowError> {
        let mut place = Placement::Fixed;
        if let Some(shape) = node.op.random_shape() {
            let scale = scale_of(shape, self.axis);
            let scale = scale.map_err(|()| self.global(node, "its position in an unusual order of dimensions"))?;
            self.draws_random_numbers |= scale.is_some();
            place = scale.map_or(Placement::Fixed, Placement::Scaled);
        }
        let mut rigid = false;
        for (input, (reach, value)) in reaches(bound, node, output).iter().zip(&node.inputs).enumerate() {
            let Some(value) = *value else { continue };
            let longer = self.lengths[value.0] > 1;
            let (scale, window) = match (self.placements[value.0], reach) {
                (Placement::Fixed, Reach::Everything(_)) => continue,
                (Placement::Fixed, _) => {
                    rigid |= longer;
                    continue;
                }
                (_, Reach::Everything(reads)) => return Err(self.global(node, &format!("all of {reads}"))),
                (Placement::Uniform, reach) if *reach == Reach::Pointwise || keeps_uniform(&node.op) => {
                    place = if place == Placement::Fixed { Placement::Uniform } else { place };
                    continue;
                }
                (Placement::Uniform, _) => return Err(self.global(node, "a window of an expanded value")),
                (Placement::Scaled(scale), Reach::Pointwise) => (scale, Window::POINT),
                (Placement::Scaled(scale), Reach::Window(windows)) => (scale, windows[self.axis]),
            };
            if *reach == Reach::Pointwise && self.lengths[value.0] != self.lengths[output.0] {
                return Err(self.global(node, "one row or column for all of height or width"));
            }
            let ratio = Ratio::new(scale.numerator * window.repeat, scale.denominator * window.stride);
            let found = Placement::Scaled(ratio.reduced());
            if place.scale().is_some() && place != found {
                return Err(self.global(node, "its inputs at scales that do not fit together"));
            }
            place = found;
            let wraps = pad_mode(&node.op) == PadMode::Wrap;
            self.reads.push(WindowedRead { node: index, input, from: value, to: output, window, wraps });
        }
        match place {
            Placement::Scaled(_) if rigid => Err(self.global(node, "a value of fixed size together with the image")),
            Placement::Uniform if rigid => Ok(Placement::Fixed),
            Placement::Fixed if spreads(node, self.axis) && !rigid => Ok(Placement::Uniform),
            place => Ok(place),
        }
    }

    fn global(&self, node: &ValidNode, reads: &str) -> WindowError {
        let (part, axis) = (self.part, self.axis.name());
        WindowError::Global { part, node: node.name.clone(), op: node.op.name(), reads: reads.into(), axis }
    }

    /// Whether a node reads the opposite end beyond an end.
    pub fn wraps(&self) -> bool {
        self.reads.iter().any(|read| read.wraps && self.leaves(read))
    }

    /// On a torus, every read beyond an end must continue at the opposite end.
    pub fn check_periodic(&self, length: usize) -> Result<(), WindowError> {
        for read in self.reads.iter().filter(|read| self.leaves(read)) {
            let node = &self.graph.nodes()[read.node];
            let scale =
                self.placements[read.from.0].scale().expect("a value that is read through a window has a scale");
            if !read.wraps {
                return Err(self.global(node, "padding beyond the border, while other nodes wrap around"));
            }
            if self.lengths[read.from.0] * scale.denominator != length * scale.numerator {
                return Err(self.global(node, "the opposite border of a value that does not cover the whole image"));
            }
        }
        Ok(())
    }

    /// Whether the read goes beyond an end of the whole image.
    fn leaves(&self, read: &WindowedRead) -> bool {
        let all = read_by(read.window, 0..self.lengths[read.to.0] as i64);
        all.start < 0 || all.end > self.lengths[read.from.0] as i64
    }

    /// Windows of this graph must begin at multiples of this.
    pub fn alignment(&self) -> Option<usize> {
        let mut scales = self.placements.iter().filter_map(|place| place.scale());
        scales.try_fold(1, |all, scale| checked_lcm(all, scale.denominator))
    }

    pub fn placement_of_input(&self, name: &str) -> Option<Placement> {
        let index = self.graph.graph().inputs.iter().position(|input| input.name == name)?;
        Some(self.placements[self.graph.input(index).0])
    }

    pub fn placement_of_output(&self, index: usize) -> Placement {
        self.placements[self.graph.outputs()[index].0]
    }

    /// Elements required for the `wanted` span of all outputs.
    pub fn required_by_outputs(&self, wanted: Span, boundary: Boundary) -> RequiredElements {
        let mut required: RequiredElements = vec![None; self.placements.len()];
        for &output in self.graph.outputs() {
            let Some(scale) = self.placements[output.0].scale() else { continue };
            let elements = wanted.scaled(scale);
            let length = self.lengths[output.0] as i64;
            let mut range = elements.start..elements.end();
            if boundary == Boundary::Padded {
                let last = wanted.end() >= self.length as i64;
                range = range.start.clamp(0, length)..if last { length } else { range.end.min(length) };
            }
            required[output.0] = Some(range);
        }
        self.complete(required, boundary)
    }

    /// Elements required for the elements `wanted` of the next, or initial, state.
    pub fn required_by_state(&self, wanted: Range<i64>, boundary: Boundary) -> RequiredElements {
        let mut required: RequiredElements = vec![None; self.placements.len()];
        required[self.graph.outputs()[0].0] = Some(wanted);
        self.complete(required, boundary)
    }

    /// Elements required of the input state.
    pub fn required_state(&self, required: &RequiredElements) -> Option<Range<i64>> {
        required[self.graph.state_input()?.0].clone()
    }

    /// The elements `read` of the state, extended to those under `wanted`.
    pub fn with_wanted_state(&self, read: Range<i64>, wanted: Span) -> Range<i64> {
        let scale = self.graph.state_input().and_then(|state| self.placements[state.0].scale());
        let elements = scale.map_or(read.clone(), |scale| {
            let elements = wanted.scaled(scale);
            elements.start..elements.end()
        });
        read.start.min(elements.start)..read.end.max(elements.end)
    }

    fn complete(&self, mut required: RequiredElements, boundary: Boundary) -> RequiredElements {
        for read in self.reads.iter().rev() {
            let Some(range) = required[read.to.0].clone().filter(|range| !range.is_empty()) else { continue };
            let mut elements = read_by(read.window, range);
            if boundary == Boundary::Padded {
                elements = mirrored(elements, self.lengths[read.from.0] as i64);
            }
            required[read.from.0] = Some(match required[read.from.0].clone() {
                Some(other) => other.start.min(elements.start)..other.end.max(elements.end),
                None => elements,
            });
        }
        required
    }

    /// Whether the graph refines levels, which can be cut.
    pub fn has_cuts(&self) -> bool {
        self.after_cut.contains(&true)
    }

    /// The same elements, without those of values after a cut.
    pub fn before_cuts(&self, required: RequiredElements) -> RequiredElements {
        required.into_iter().zip(&self.after_cut).map(|(range, after)| range.filter(|_| !after)).collect()
    }

    /// What is needed of every value for the `required` elements, if every value is cut to that.
    ///
    /// A reader of every n-th element begins and ends at a multiple of n. So an input is long enough for that; the field of a finer level
    /// can be cut anywhere.
    pub fn needs(&self, required: &RequiredElements) -> Vec<Need> {
        let mut alignments = vec![1_usize; self.placements.len()];
        for read in self.reads.iter().rev() {
            if is_cut(&self.graph.nodes()[read.node]) {
                continue;
            }
            let Window { stride, repeat, .. } = read.window;
            let wanted = alignments[read.to.0];
            let unit = stride / stride.gcd(&repeat) * (wanted / wanted.gcd(&repeat));
            alignments[read.from.0] = alignments[read.from.0].lcm(&unit);
        }
        let needs = self.placements.iter().zip(required).zip(alignments);
        let needs = needs.map(|((place, range), alignment)| {
            let unit = alignment as i64;
            let whole = |range: &Range<i64>| range.start.div_euclid(unit) * unit..ceil_div(range.end, unit) * unit;
            let elements = range.as_ref().map(whole);
            Need { scale: place.scale(), elements }
        });
        needs.collect()
    }

    /// The smallest span around `span` that contains all required elements.
    pub fn hull(&self, required: &RequiredElements, span: Span) -> Span {
        let (mut start, mut end) = (span.start, span.end());
        for (value, range) in required.iter().enumerate() {
            let (Some(range), Placement::Scaled(Ratio { numerator: n, denominator: d })) =
                (range, self.placements[value])
            else {
                continue;
            };
            // Values shrink without padding: their last elements need pixels beyond them.
            let shrunk = (ceil_div((self.length * n) as i64, d as i64) - self.lengths[value] as i64).max(0);
            start = start.min((range.start * d as i64).div_euclid(n as i64));
            end = end.max(ceil_div((range.end + shrunk) * d as i64, n as i64));
        }
        Span { start, length: (end - start) as usize }
    }

    /// Whether a window from pixel `start`, of the size of `bound`, has all required elements.
    pub fn holds(&self, required: &RequiredElements, bound: &BoundGraph, start: i64) -> bool {
        required.iter().enumerate().all(|(value, range)| {
            let (Some(range), Placement::Scaled(Ratio { numerator: n, denominator: d })) =
                (range, self.placements[value])
            else {
                return true;
            };
            let first = start * n as i64 / d as i64;
            let length = length_of(bound.value_type(ValueId(value)), self.axis) as i64;
            range.is_empty() || (first <= range.start && range.end <= first + length)
        })
    }

    /// In a window that ends with the image, every value must end where it does in the whole image.
    pub fn check_end(&self, bound: &BoundGraph, start: i64) -> Result<(), WindowError> {
        for read in &self.reads {
            let Placement::Scaled(Ratio { numerator: n, denominator: d }) = self.placements[read.to.0] else {
                continue;
            };
            let length = length_of(bound.value_type(read.to), self.axis) as i64;
            if start * n as i64 / d as i64 + length != self.lengths[read.to.0] as i64 {
                return Err(
                    self.global(&self.graph.nodes()[read.node], "elements that depend on the size of the image")
                );
            }
        }
        Ok(())
    }

    /// The graph must read in a window as it does in the whole image.
    pub fn check_reads(&self, bound: &BoundGraph) -> Result<(), WindowError> {
        for read in &self.reads {
            let node = &self.graph.nodes()[read.node];
            let same = match &reaches(bound, node, read.to)[read.input] {
                Reach::Pointwise => read.window == Window::POINT,
                Reach::Window(windows) => windows[self.axis] == read.window,
                Reach::Everything(_) => false,
            };
            if !same {
                return Err(self.global(node, "elements that depend on the size of the image"));
            }
        }
        for node in self.graph.nodes() {
            let differs = |output: &ValueId| {
                let fixed = self.placements[output.0] == Placement::Fixed;
                fixed && length_of(bound.value_type(*output), self.axis) != self.lengths[output.0]
            };
            if node.outputs.iter().any(differs) {
                return Err(self.global(node, "the size of the image"));
            }
        }
        Ok(())
    }
}

/// The elements read by `range` of the output through a window.
fn read_by(window: Window, range: Range<i64>) -> Range<i64> {
    let place = |i: i64| (i * window.stride as i64).div_euclid(window.repeat as i64);
    place(range.start) + window.low..place(range.end - 1) + window.high + 1
}

/// The elements of `0 .. length` that padding of any mode may read for `range`; reflection reads the farthest.
fn mirrored(range: Range<i64>, length: i64) -> Range<i64> {
    let Range { mut start, mut end } = range;
    if range.start < 0 {
        end = end.max(1 - range.start);
    }
    if range.end > length {
        start = start.min(2 * (length - 1) - (range.end - 1));
    }
    start.clamp(0, length - 1)..end.clamp(1, length)
}

fn pad_mode(op: &Op) -> PadMode {
    match op {
        Op::Conv(op) => op.pad_mode,
        Op::Pad(op) => op.mode,
        Op::ExemplarMove(_) | Op::ExemplarMatch(_) => PadMode::Wrap,
        _ => PadMode::Constant,
    }
}

/// Whether the node reads a window of equal elements as that element, at the ends too.
fn keeps_uniform(op: &Op) -> bool {
    matches!(op, Op::ExemplarMove(_)) || matches!(op, Op::Resize(op) if op.mode == ResizeMode::Nearest)
}

/// Whether the node makes one element along the axis as many as the image has.
fn spreads(node: &ValidNode, axis: Axis) -> bool {
    match &node.op {
        Op::Expand(_) => true,
        Op::Resize(op) => scale_of(&op.sizes, axis).is_ok_and(|scale| scale.is_some()),
        _ => false,
    }
}

/// Whether the node's output is the field of a finer level, of which only what is needed has to be computed.
pub(crate) fn is_cut(node: &ValidNode) -> bool {
    matches!(node.op, Op::ExemplarDouble(_))
}

fn reaches(bound: &BoundGraph, node: &ValidNode, output: ValueId) -> Vec<Reach> {
    let types: Vec<_> = node.inputs.iter().map(|value| value.map(|value| bound.value_type(value))).collect();
    node.op.reach(&types, bound.value_type(output))
}

/// Length along the axis; a missing dimension counts as 1.
fn length_of(found: &TensorType, axis: Axis) -> usize {
    Extent::of_shape(&found.shape)[axis]
}

/// Whether an output depends on each node.
fn live(graph: &ValidGraph) -> Vec<bool> {
    let mut needed = vec![false; graph.value_count()];
    graph.outputs().iter().for_each(|output| needed[output.0] = true);
    let mut live = vec![false; graph.nodes().len()];
    for (index, node) in graph.nodes().iter().enumerate().rev() {
        live[index] = node.outputs.iter().any(|output| needed[output.0]);
        if live[index] {
            node.inputs.iter().flatten().for_each(|input| needed[input.0] = true);
        }
    }
    live
}

/// Scale of a symbolic shape along `axis`; `Err` if the axis is not where images have it.
fn scale_of(shape: &[Dim], axis: Axis) -> Result<Option<Ratio>, ()> {
    let scale = |dim: &Dim| match (axis, dim) {
        (Axis::Height, Dim::Symbol(Symbol::Height(ratio))) | (Axis::Width, Dim::Symbol(Symbol::Width(ratio))) => {
            Some(*ratio)
        }
        _ => None,
    };
    let mut found = None;
    for (index, dim) in shape.iter().enumerate() {
        if let Some(ratio) = scale(dim) {
            if axis.index(shape.len()) != Some(index) {
                return Err(());
            }
            found = Some(ratio.reduced());
        }
    }
    Ok(found)
}
