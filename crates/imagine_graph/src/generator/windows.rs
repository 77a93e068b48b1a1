//! Windows: a part of a larger image computed on its own, bit for bit equal to the same part of the whole image.
//!
//! [`Windows`] follows one axis through everything that a generator reads and answers one question: which span of the image must
//! be computed to get a wanted span right? The answer is aligned to every scale inside the network, and wide enough that
//! nothing wanted depends on padding at the window's own ends. Where the window ends with the image, it pads as the whole image
//! does.
//!
//! Positions and lengths along an axis are in pixels of the size that the graphs are bound to. A value of another scale
//! has [`Windows::scale_of_input`] or [`Windows::scale_of_output`] elements per pixel.

mod axis_graph;
mod crop;
mod error;
mod span;

pub use crop::{crop, paste, sides};
pub use error::WindowError;
pub use span::{Boundary, Span};

use self::axis_graph::{AxisGraph, Placement, RequiredElements};
pub(super) use self::axis_graph::{Need, is_cut};
use self::span::ceil_div;
use super::ValidGenerator;
use crate::graph::{BoundGraph, ValidGraph};
use crate::tensor::axis::checked_lcm;
use crate::tensor::rng::Domain;
use crate::tensor::{Axis, Ratio, Size};

/// The windows of a generator along one axis.
#[derive(Clone, Debug)]
pub struct Windows<'a> {
    generator: &'a ValidGenerator,
    size: Size,
    axis: Axis,
    boundary: Boundary,
    alignment: usize,
    steps: u32,
    output: AxisGraph<'a>,
    /// Whether windows leave out values after a cut.
    by_level: bool,
    /// The graphs of the step and of the initial state.
    recurrence: Option<[AxisGraph<'a>; 2]>,
}

/// Maximum length of a window in pixels.
const MAX_REACH: i64 = 1 << 20;

impl<'a> Windows<'a> {
    /// Windows of an image of `size`; `steps` counts for a recurrent generator.
    pub fn of_image(generator: &'a ValidGenerator, size: Size, steps: u32, axis: Axis) -> Result<Self, WindowError> {
        let mut windows = Self::new(generator, size, steps, axis)?;
        if (0..generator.output.outputs().len()).all(|index| windows.scale_of_output(index).is_none()) {
            return Err(WindowError::Fixed { axis: axis.name() });
        }
        if windows.axis_graphs().any(|graph| graph.wraps()) {
            windows.boundary = Boundary::Periodic;
            let (length, alignment) = (axis.of(size), windows.alignment);
            if !length.is_multiple_of(alignment) {
                return Err(WindowError::Alignment { axis: axis.name(), length, alignment });
            }
            windows.axis_graphs().try_for_each(|graph| graph.check_periodic(length))?;
        }
        Ok(windows)
    }

    /// Windows of an endless plane; `size` is any size that the graphs can be bound to.
    pub fn of_plane(generator: &'a ValidGenerator, size: Size, steps: u32, axis: Axis) -> Result<Self, WindowError> {
        Ok(Self { boundary: Boundary::Open, ..Self::new(generator, size, steps, axis)? })
    }

    fn new(generator: &'a ValidGenerator, size: Size, steps: u32, axis: Axis) -> Result<Self, WindowError> {
        let graph = |part, graph: &'a ValidGraph| AxisGraph::new(part, &graph.bind(size)?, axis);
        let output = graph("output", &generator.output)?;
        let recurrence = match &generator.recurrence {
            Some(found) => Some([graph("step", &found.step)?, graph("init", &found.init)?]),
            None => None,
        };
        let multiple = generator.generator.size.multiple[axis].max(1);
        let (boundary, alignment, by_level) = (Boundary::Padded, multiple, false);
        let mut windows = Self { generator, size, axis, boundary, alignment, steps, output, by_level, recurrence };
        let alignment =
            windows.axis_graphs().map(AxisGraph::alignment).try_fold(multiple, |all, one| checked_lcm(all, one?));
        windows.alignment = alignment.filter(|found| *found as i64 <= MAX_REACH).ok_or(WindowError::Reach {
            steps,
            axis: axis.name(),
            limit: MAX_REACH,
        })?;
        Ok(windows)
    }

    /// The same windows; if the graph refines levels, for its finer levels cut to what they need, by [`Windows::levels`]. Reaches
    /// add up over levels, so a window of a coarse level is far wider than what it shows.
    pub(super) fn by_level(self) -> Self {
        let by_level = self.boundary == Boundary::Open && self.recurrence.is_none() && self.output.has_cuts();
        Self { by_level, ..self }
    }

    /// What `wanted` needs of every value of the output graph; `None` if windows are not by level.
    pub(super) fn needs(&self, wanted: Span) -> Option<Vec<Need>> {
        self.by_level.then(|| self.output.needs(&self.output.required_by_outputs(wanted, self.boundary)))
    }

    /// What lies beyond the image's ends.
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// Every window begins at a multiple of this; its length is a multiple too, unless it ends with the image.
    pub fn alignment(&self) -> usize {
        self.alignment
    }

    /// Elements of an input per pixel along the axis; `None` if the input is the same for every window.
    pub fn scale_of_input(&self, name: &str) -> Option<Ratio> {
        self.axis_graphs().find_map(|graph| graph.placement_of_input(name)).and_then(Placement::scale)
    }

    /// Elements of output `index` per pixel along the axis; `None` if the output is the same for every window.
    pub fn scale_of_output(&self, index: usize) -> Option<Ratio> {
        self.output.placement_of_output(index).scale()
    }

    /// Whether the graphs draw a random number for each element of the plane.
    pub fn draws_random_numbers(&self) -> bool {
        self.axis_graphs().any(|graph| graph.draws_random_numbers)
    }

    /// Fails if the network wraps around the axis but random numbers in `domain` do not.
    pub fn check_seam(&self, domain: Domain) -> Result<(), WindowError> {
        let is_seam = self.boundary == Boundary::Periodic && self.draws_random_numbers() && !domain.wrap;
        if is_seam { Err(WindowError::Seam { axis: self.axis.name() }) } else { Ok(()) }
    }

    /// The span to compute to get `wanted` right, outputs and final state.
    ///
    /// On a torus it may begin before the image or end after it, where the opposite end continues.
    pub fn around(&self, wanted: Span) -> Result<Span, WindowError> {
        self.around_at_least(wanted, 0)
    }

    /// [`Windows::around`], at least `length` long unless the image is shorter.
    pub fn around_at_least(&self, wanted: Span, length: usize) -> Result<Span, WindowError> {
        let whole = Span { start: 0, length: self.axis.of(self.size) };
        let reach = self.reach(wanted)?;
        let mut found = self.align(Span { length: reach.length.max(length), ..reach });
        if found.length < length {
            // It ends with the image, so it has to grow at its beginning.
            let unit = self.alignment;
            let missing = (length - found.length).next_multiple_of(unit);
            found = self.align(Span { start: found.start - missing as i64, length: found.length + missing });
        }
        loop {
            if self.boundary != Boundary::Open && found.length >= whole.length {
                return Ok(whole);
            }
            if self.holds(found, wanted)? {
                return Ok(found);
            }
            if found.length as i64 > MAX_REACH {
                return Err(self.too_far());
            }
            let grown = self.align(Span { length: found.length + self.alignment, ..found });
            // A window that ends with the image can only grow at its beginning.
            let earlier = Span { start: found.start - self.alignment as i64, length: found.length + self.alignment };
            found = if grown == found { self.align(earlier) } else { grown };
        }
    }

    fn axis_graphs(&self) -> impl Iterator<Item = &AxisGraph<'a>> {
        std::iter::once(&self.output).chain(self.recurrence.iter().flatten())
    }

    fn too_far(&self) -> WindowError {
        WindowError::Reach { steps: self.steps, axis: self.axis.name(), limit: MAX_REACH }
    }

    /// The pixels that `wanted` depends on, including those under values inside the graphs.
    fn reach(&self, wanted: Span) -> Result<Span, WindowError> {
        let mut hull = wanted;
        self.for_each_run(wanted, &mut |graph, required| hull = graph.hull(required, hull))?;
        if hull.length as i64 > MAX_REACH { Err(self.too_far()) } else { Ok(hull) }
    }

    /// Calls `visit` with the elements that every run of a graph needs, the last run first.
    fn for_each_run(
        &self,
        wanted: Span,
        visit: &mut dyn FnMut(&AxisGraph, &RequiredElements),
    ) -> Result<(), WindowError> {
        let mut required = self.output.required_by_outputs(wanted, self.boundary);
        if self.by_level {
            required = self.output.before_cuts(required);
        }
        visit(&self.output, &required);
        let Some([step, init]) = &self.recurrence else { return Ok(()) };
        let Some(read) = self.output.required_state(&required) else { return Ok(()) };
        let mut state = self.output.with_wanted_state(read, wanted);
        for _ in 0..self.steps {
            required = step.required_by_state(state.clone(), self.boundary);
            visit(step, &required);
            let Some(before) = step.required_state(&required) else { return Ok(()) };
            // A fixed point: earlier steps need the same elements.
            if before == state {
                break;
            }
            if before.end - before.start > MAX_REACH {
                return Err(self.too_far());
            }
            state = before;
        }
        visit(init, &init.required_by_state(state, self.boundary));
        Ok(())
    }

    /// The smallest valid window around `found`.
    fn align(&self, found: Span) -> Span {
        let (unit, whole) = (self.alignment as i64, self.axis.of(self.size) as i64);
        let least = self.generator.generator.size.min[self.axis].max(1) as i64;
        let start = found.start.div_euclid(unit) * unit;
        let mut end = ceil_div(found.end().max(start + least), unit) * unit;
        if self.boundary != Boundary::Padded {
            return Span { start, length: (end - start) as usize };
        }
        let mut start = start.max(0);
        if end >= whole {
            end = whole;
            start = start.min((whole - least).max(0) / unit * unit);
        }
        Span { start, length: (end - start) as usize }
    }

    /// Whether a run over `window` has every element that `wanted` needs, and reads as the whole image does.
    fn holds(&self, window: Span, wanted: Span) -> Result<bool, WindowError> {
        let size = self.axis.with(self.size, window.length);
        let bound: Vec<BoundGraph> =
            self.axis_graphs().map(|graph| graph.graph.bind(size)).collect::<Result<_, _>>()?;
        self.axis_graphs().zip(&bound).try_for_each(|(graph, bound)| graph.check_reads(bound))?;
        let ends = self.boundary == Boundary::Padded && window.end() == self.axis.of(self.size) as i64;
        if ends {
            self.axis_graphs().zip(&bound).try_for_each(|(graph, bound)| graph.check_end(bound, window.start))?;
        }
        let mut holds = true;
        self.for_each_run(wanted, &mut |graph, required| {
            let index = self.axis_graphs().position(|other| std::ptr::eq(other, graph)).unwrap_or(0);
            holds &= graph.holds(required, &bound[index], window.start);
        })?;
        Ok(holds)
    }
}

#[cfg(test)]
mod tests;
