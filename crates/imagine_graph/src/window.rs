//! Windows: a part of a larger image computed by itself, equal to the same part of the whole to the bit.
//!
//! [`Windows`] looks along one axis at everything that a generator reads and answers one question: which span of the image has
//! to be computed so that a wanted span of it comes out right? The answer begins where the pixels of every scale inside the
//! network begin, and is wide enough that nothing wanted reads what the window's own ends spoilt. Where the window ends with the
//! image, it pads as the whole does.
//!
//! Places and lengths along an axis are in pixels of the size that the graphs are bound to; a value of another scale
//! has [`Windows::scale_of_input`] or [`Windows::scale_of_output`] elements a pixel.

use crate::dim::{Dim, Size};
use crate::error::GraphErrors;
use crate::generator::{InputKind, ValidGenerator};
use crate::rng::Lattice;
use crate::validate::{BoundGraph, ValidGraph};

mod rail;

use self::rail::{Need, Place, Rail};

/// Height or width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// From top to bottom.
    Height,
    /// From left to right.
    Width,
}

/// What lies beyond the ends of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edges {
    /// More of the same: the image is a piece of an endless plane.
    Endless,
    /// Nothing: operators pad there.
    Closed,
    /// The other end: the image is a torus.
    Meeting,
}

/// Pixels `start .. start + length` along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first pixel.
    pub start: i64,
    /// Number of pixels.
    pub length: usize,
}

/// Elements a pixel as an exact fraction, `[numerator, denominator]`.
pub type Scale = [usize; 2];

/// Why no part of an image can be computed by itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// A node that needs more than a window of what it reads.
    #[error("{part}: node {node:?} ({op}) reads {reads}, so that no part of the {axis} can be computed by itself")]
    Global {
        /// The graph: `output`, `init` or `step`.
        part: &'static str,
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: &'static str,
        /// What it reads, as in "all of height and width".
        reads: String,
        /// `height` or `width`.
        axis: &'static str,
    },
    /// An input whose height or width is not where it is for images.
    #[error("input {input:?}: {axis} is not the last dimension but {behind}, so that no part of it can be taken")]
    Layout {
        /// Name of the input.
        input: String,
        /// `height` or `width`.
        axis: &'static str,
        /// Number of dimensions that should be behind it.
        behind: usize,
    },
    /// A size of the whole that does not fit the network's strides.
    #[error("the {axis} is {length}, not a multiple of {alignment}, and the network joins opposite borders")]
    Alignment {
        /// `height` or `width`.
        axis: &'static str,
        /// Pixels of the whole.
        length: usize,
        /// What it must be a multiple of.
        alignment: usize,
    },
    /// Outputs that are the same size whatever the image's.
    #[error("no output is part of the {axis}")]
    Fixed {
        /// `height` or `width`.
        axis: &'static str,
    },
    /// Random numbers that do not meet where the network's borders do.
    #[error(
        "the network joins opposite borders of the {axis} but random numbers do not wrap there, so that no part across the \
         border can be computed by itself"
    )]
    Seam {
        /// `height` or `width`.
        axis: &'static str,
    },
    /// A state that reaches too far.
    #[error("after {steps} steps a pixel depends on more than {limit} pixels of the {axis}")]
    Reach {
        /// Steps asked for.
        steps: u32,
        /// `height` or `width`.
        axis: &'static str,
        /// Most pixels.
        limit: i64,
    },
    /// The graphs do not fit the size of a window.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
}

/// The windows of a generator along one axis.
#[derive(Clone, Debug)]
pub struct Windows<'a> {
    generator: &'a ValidGenerator,
    size: Size,
    axis: Axis,
    edges: Edges,
    alignment: usize,
    steps: u32,
    output: Rail<'a>,
    /// Of the step and of the first state.
    recurrence: Option<[Rail<'a>; 2]>,
}

/// Most pixels that a window may be wide.
const MAX_REACH: i64 = 1 << 20;

impl Axis {
    /// Both, in the order of shapes.
    pub const ALL: [Axis; 2] = [Axis::Height, Axis::Width];

    /// `height` or `width`.
    pub fn name(self) -> &'static str {
        ["height", "width"][self as usize]
    }

    /// Pixels of `size` along it.
    pub fn of(self, size: Size) -> usize {
        [size.height, size.width][self as usize]
    }

    /// `size` with `length` pixels along it.
    pub fn with(self, size: Size, length: usize) -> Size {
        match self {
            Axis::Height => Size { height: length, ..size },
            Axis::Width => Size { width: length, ..size },
        }
    }
}

impl Span {
    /// The first pixel behind it.
    pub fn end(self) -> i64 {
        self.start + self.length as i64
    }

    /// The elements of a value of `scale` that lie on it, of which the first may lie on its first pixel in part.
    pub fn scaled(self, [numerator, denominator]: Scale) -> Span {
        let (n, d) = (numerator as i64, denominator as i64);
        let start = (self.start * n).div_euclid(d);
        Span { start, length: (ceil_div(self.end() * n, d) - start) as usize }
    }
}

impl<'a> Windows<'a> {
    /// Windows of an image of `size`, made in `steps` steps if the generator is recurrent.
    pub fn of_image(generator: &'a ValidGenerator, size: Size, steps: u32, axis: Axis) -> Result<Self, WindowError> {
        let mut windows = Self::new(generator, size, steps, axis)?;
        if (0..generator.output.outputs().len()).all(|index| windows.scale_of_output(index).is_none()) {
            return Err(WindowError::Fixed { axis: axis.name() });
        }
        if windows.rails().any(|rail| rail.wraps()) {
            windows.edges = Edges::Meeting;
            let (length, alignment) = (axis.of(size), windows.alignment);
            if !length.is_multiple_of(alignment) {
                return Err(WindowError::Alignment { axis: axis.name(), length, alignment });
            }
            windows.rails().try_for_each(|rail| rail.check_meeting(length))?;
        }
        Ok(windows)
    }

    /// Windows on an endless plane; `size` is any size at which the graphs can be bound.
    pub fn of_plane(generator: &'a ValidGenerator, size: Size, steps: u32, axis: Axis) -> Result<Self, WindowError> {
        Ok(Self { edges: Edges::Endless, ..Self::new(generator, size, steps, axis)? })
    }

    fn new(generator: &'a ValidGenerator, size: Size, steps: u32, axis: Axis) -> Result<Self, WindowError> {
        let rail = |part, graph: &'a ValidGraph| Rail::new(part, &graph.bind(size)?, axis);
        let output = rail("output", &generator.output)?;
        let recurrence = match &generator.recurrence {
            Some(found) => Some([rail("step", &found.step)?, rail("init", &found.init)?]),
            None => None,
        };
        let multiple = generator.generator.size.multiple[axis as usize].max(1);
        let mut windows =
            Self { generator, size, axis, edges: Edges::Closed, alignment: multiple, steps, output, recurrence };
        let alignment = windows.rails().map(Rail::alignment).try_fold(multiple, |all, one| lcm(all, one?));
        windows.alignment = alignment.filter(|found| *found as i64 <= MAX_REACH).ok_or(WindowError::Reach {
            steps,
            axis: axis.name(),
            limit: MAX_REACH,
        })?;
        Ok(windows)
    }

    /// What lies beyond the ends of the image.
    pub fn edges(&self) -> Edges {
        self.edges
    }

    /// Every window begins at a multiple of this, and is as long as a multiple of it unless it ends with the image.
    pub fn alignment(&self) -> usize {
        self.alignment
    }

    /// Elements a pixel of an input along the axis; `None` if it is the same for every window.
    pub fn scale_of_input(&self, name: &str) -> Option<Scale> {
        self.rails().find_map(|rail| rail.place_of_input(name)).and_then(Place::scale)
    }

    /// Elements a pixel of output `index` along the axis; `None` if it is the same for every window.
    pub fn scale_of_output(&self, index: usize) -> Option<Scale> {
        self.output.place_of_output(index).scale()
    }

    /// Whether random numbers are drawn inside the graphs, one an element of the plane.
    pub fn draws_random_numbers(&self) -> bool {
        self.rails().any(|rail| rail.draws_random_numbers)
    }

    /// Refuses windows across opposite borders that meet in the network, but not in the random numbers on `lattice`.
    pub fn check_seam(&self, lattice: Lattice) -> Result<(), WindowError> {
        let parts = self.edges == Edges::Meeting && self.draws_random_numbers() && !lattice.wrap;
        if parts { Err(WindowError::Seam { axis: self.axis.name() }) } else { Ok(()) }
    }

    /// What has to be computed so that `wanted` comes out right, outputs and last state.
    ///
    /// On a torus the answer may begin before the image and end behind it: what lies there is what lies at the other end.
    pub fn around(&self, wanted: Span) -> Result<Span, WindowError> {
        self.around_at_least(wanted, 0)
    }

    /// As [`Windows::around`], and no shorter than `length`, unless the whole is.
    pub fn around_at_least(&self, wanted: Span, length: usize) -> Result<Span, WindowError> {
        let whole = Span { start: 0, length: self.axis.of(self.size) };
        let reach = self.reach(wanted)?;
        let mut found = self.align(Span { length: reach.length.max(length), ..reach });
        if found.length < length {
            // It ends with the image: what is missing lies before it.
            let unit = self.alignment;
            let missing = (length - found.length).next_multiple_of(unit);
            found = self.align(Span { start: found.start - missing as i64, length: found.length + missing });
        }
        loop {
            if self.edges != Edges::Endless && found.length >= whole.length {
                return Ok(whole);
            }
            if self.holds(found, wanted)? {
                return Ok(found);
            }
            if found.length as i64 > MAX_REACH {
                return Err(self.too_far());
            }
            let grown = self.align(Span { length: found.length + self.alignment, ..found });
            // What ends with the image can only grow to its beginning.
            let earlier = Span { start: found.start - self.alignment as i64, length: found.length + self.alignment };
            found = if grown == found { self.align(earlier) } else { grown };
        }
    }

    fn rails(&self) -> impl Iterator<Item = &Rail<'a>> {
        std::iter::once(&self.output).chain(self.recurrence.iter().flatten())
    }

    fn too_far(&self) -> WindowError {
        WindowError::Reach { steps: self.steps, axis: self.axis.name(), limit: MAX_REACH }
    }

    /// The pixels that `wanted` depends on, together with those that values inside the graphs lie on.
    fn reach(&self, wanted: Span) -> Result<Span, WindowError> {
        let mut hull = wanted;
        self.each_need(wanted, &mut |rail, need| hull = rail.hull(need, hull))?;
        if hull.length as i64 > MAX_REACH { Err(self.too_far()) } else { Ok(hull) }
    }

    /// Calls `visit` with what every run of a graph needs, the last run first.
    fn each_need(&self, wanted: Span, visit: &mut dyn FnMut(&Rail, &Need)) -> Result<(), WindowError> {
        let mut need = self.output.needs_of_outputs(wanted, self.edges);
        visit(&self.output, &need);
        let Some([step, init]) = &self.recurrence else { return Ok(()) };
        let Some(read) = self.output.need_of_state(&need) else { return Ok(()) };
        let mut state = self.output.with_wanted_state(read, wanted);
        for _ in 0..self.steps {
            need = step.needs_of_state(state.clone(), self.edges);
            visit(step, &need);
            let Some(before) = step.need_of_state(&need) else { return Ok(()) };
            // What a step does not change, no step before changes.
            if before == state {
                break;
            }
            if before.end - before.start > MAX_REACH {
                return Err(self.too_far());
            }
            state = before;
        }
        visit(init, &init.needs_of_state(state, self.edges));
        Ok(())
    }

    /// The smallest span around `found` that may be computed.
    fn align(&self, found: Span) -> Span {
        let (unit, whole) = (self.alignment as i64, self.axis.of(self.size) as i64);
        let least = self.generator.generator.size.min[self.axis as usize].max(1) as i64;
        let start = found.start.div_euclid(unit) * unit;
        let mut end = ceil_div(found.end().max(start + least), unit) * unit;
        if self.edges != Edges::Closed {
            return Span { start, length: (end - start) as usize };
        }
        let mut start = start.max(0);
        if end >= whole {
            end = whole;
            start = start.min((whole - least).max(0) / unit * unit);
        }
        Span { start, length: (end - start) as usize }
    }

    /// Whether a run over `window` has every element that `wanted` needs, and reads as the whole does.
    fn holds(&self, window: Span, wanted: Span) -> Result<bool, WindowError> {
        let size = self.axis.with(self.size, window.length);
        let bound: Vec<BoundGraph> = self.rails().map(|rail| rail.graph.bind(size)).collect::<Result<_, _>>()?;
        self.rails().zip(&bound).try_for_each(|(rail, bound)| rail.check_reads(bound))?;
        let ends = self.edges == Edges::Closed && window.end() == self.axis.of(self.size) as i64;
        if ends {
            self.rails().zip(&bound).try_for_each(|(rail, bound)| rail.check_end(bound, window.start))?;
        }
        let mut holds = true;
        self.each_need(wanted, &mut |rail, need| {
            let index = self.rails().position(|other| std::ptr::eq(other, rail)).unwrap_or(0);
            holds &= rail.holds(need, &bound[index], window.start);
        })?;
        Ok(holds)
    }
}

/// Where the state lies among the inputs of a graph.
fn state_input(graph: &ValidGraph) -> Option<usize> {
    graph.graph().inputs.iter().position(|input| input.kind == InputKind::State)
}

/// The position and scale of `axis` in a symbolic shape; `Err` where it is not where images have it.
fn scale_of(shape: &[Dim], axis: Axis) -> Result<Option<Scale>, ()> {
    use crate::dim::Symbol::{Height, Width};
    let scale = |dim: &Dim| match (axis, dim) {
        (Axis::Height, Dim::Symbol(Height(ratio))) | (Axis::Width, Dim::Symbol(Width(ratio))) => Some(*ratio),
        _ => None,
    };
    let mut found = None;
    for (index, dim) in shape.iter().enumerate() {
        if let Some(ratio) = scale(dim) {
            if index + 2 != shape.len() + axis as usize {
                return Err(());
            }
            found = Some(reduced(ratio));
        }
    }
    Ok(found)
}

fn reduced([numerator, denominator]: Scale) -> Scale {
    let divisor = gcd(numerator, denominator).max(1);
    [numerator / divisor, denominator / divisor]
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn lcm(a: usize, b: usize) -> Option<usize> {
    (a / gcd(a, b).max(1)).checked_mul(b)
}

fn ceil_div(a: i64, b: i64) -> i64 {
    -(-a).div_euclid(b)
}

#[cfg(test)]
mod tests;
