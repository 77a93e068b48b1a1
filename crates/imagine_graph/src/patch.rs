//! Patches of an endless world: a request on an open lattice becomes one for the window that the patch depends on, to a
//! generator whose outputs are cropped to the patch.
//!
//! The window is wider than the patch by the receptive field, of an automaton by its steps too, and begins at a texel where
//! every stride of the network does. What the border's padding makes of the window's rim is cropped away, so that a patch
//! holds exactly what any larger window holds in the same place, whatever its size and whatever was made before.

use crate::dim::Size;
use crate::field::{FIELD_INPUT, Fields};
use crate::generator::{InputKind, ValidGenerator};
use crate::graph::Graph;
use crate::ops::Slice;
use crate::request::{Request, RequestError, ResolvedRequest};
use crate::rng::Lattice;
use crate::validate::ValidGraph;
use crate::window::{Axis, Span, Windows};

/// Longest side of a window in texels.
pub const MAX_WINDOW_SIDE: usize = 16_384;
/// Texels after which coordinates on the plane begin anew, if a request for a patch says nothing else.
pub const DEFAULT_PERIOD: usize = 1024;

/// A patch as any executor can make it.
#[derive(Clone, Debug)]
pub struct Patch {
    /// The generator with fields as inputs and with outputs of the patch's size.
    pub generator: ValidGenerator,
    /// The request for the whole window. Fulfil it as it is: it is not a patch once more.
    pub request: Request,
    /// Row and column of the window at which the patch begins.
    pub crop: [usize; 2],
}

impl Request {
    /// Patch `place` (`[y, x]`) of an endless world: the world's texels from `place * size` on. Neighbours meet exactly.
    pub fn patch(size: Size, seed: u64, place: [i64; 2]) -> Result<Self, RequestError> {
        let axis = |place: i64, side: usize| {
            let texel = i64::try_from(side).ok().and_then(|side| place.checked_mul(side));
            texel.and_then(|texel| i32::try_from(texel).ok()).ok_or(RequestError::WorldEnd)
        };
        let origin = [axis(place[0], size.height)?, axis(place[1], size.width)?];
        Ok(Self { lattice: Lattice { origin, wrap: false }, ..Self::new(size, seed) })
    }
}

impl ValidGenerator {
    /// What makes the patch that `request` asks for; `None` if it asks for a torus, whose lattice wraps.
    ///
    /// Sizes need not obey the generator's size rule: the window does. Inputs with height and width that are given as
    /// tensors must have the window's size; [`Request::fields`] are evaluated in it.
    pub fn patch(&self, request: &Request) -> Result<Option<Patch>, RequestError> {
        if request.lattice.wrap {
            return match &request.fields {
                Some(fields) => Err(fields.misplaced()),
                None => Ok(None),
            };
        }
        if !(1..=4096).contains(&request.size.batch) {
            return Err(RequestError::Batch(request.size.batch));
        }
        self.check_world_inputs()?;
        let with_fields = request.fields.as_ref().map(|fields| self.with_fields(fields)).transpose()?;
        let generator = with_fields.as_ref().unwrap_or(self);
        let (window, crop) = window(generator, request, self.steps(request)?)?;
        let mut asked = Request { size: window.size, lattice: window.lattice, fields: None, ..request.clone() };
        asked.period = Some(self.world_period(request)?);
        if let Some(fields) = &request.fields {
            let values = fields.sample(self, window.size, window.lattice.origin)?;
            asked.inputs.insert(FIELD_INPUT.into(), values);
        }
        let output = crop_outputs(&generator.output, window.size, request.size, crop)?;
        let generator = ValidGenerator { output, ..generator.clone() };
        Ok(Some(Patch { generator, request: asked, crop }))
    }

    /// Checks `request`, a patch or not, as executors do. Evaluates its fields.
    pub fn check(&self, request: &Request) -> Result<ResolvedRequest, RequestError> {
        match self.patch(request)? {
            Some(patch) => patch.generator.resolve(&patch.request),
            None => self.resolve(request),
        }
    }

    /// Directions on a sphere have no place on a plane.
    fn check_world_inputs(&self) -> Result<(), RequestError> {
        let sphere = InputKind::Coordinates(crate::Coordinates::Sphere);
        match self.inputs().into_iter().find(|input| input.kind == sphere) {
            Some(input) => Err(RequestError::Patch {
                value: input.name.clone(),
                reason: "directions on a sphere, which have no place on a plane".into(),
            }),
            None => Ok(()),
        }
    }

    /// Texels after which coordinates begin anew; every input of coordinates must have whole elements in it.
    fn world_period(&self, request: &Request) -> Result<[usize; 2], RequestError> {
        let period = request.period.unwrap_or([DEFAULT_PERIOD; 2]);
        let size = Size { batch: 1, height: period[0], width: period[1] };
        for input in self.inputs().into_iter().filter(|input| matches!(input.kind, InputKind::Coordinates(_))) {
            let is_whole = input.shape.iter().all(|dim| dim.bind(size).is_some_and(|length| length > 0));
            if !is_whole {
                return Err(RequestError::Value {
                    name: input.name.clone(),
                    expected: "a period that its shape divides".into(),
                    found: format!("{period:?} texels"),
                });
            }
        }
        Ok(period)
    }
}

/// A window's size and place.
#[derive(Clone, Copy, Debug)]
struct Window {
    size: Size,
    lattice: Lattice,
}

/// The window of the patch that `request` asks for, and row and column in it at which the patch begins.
fn window(generator: &ValidGenerator, request: &Request, steps: u32) -> Result<(Window, [usize; 2]), RequestError> {
    let mut size = request.size;
    let (mut origin, mut crop) = ([0; 2], [0; 2]);
    for axis in Axis::ALL {
        let index = axis as usize;
        let side = axis.of(request.size);
        if !(1..=MAX_WINDOW_SIDE).contains(&side) {
            return Err(RequestError::WindowSize { side, window: side, limit: MAX_WINDOW_SIDE });
        }
        let windows = Windows::of_plane(generator, known_size(generator, request.size), steps, axis)?;
        let start = i64::from(request.lattice.origin[index]);
        let found = windows.around(Span { start, length: side })?;
        if found.length > MAX_WINDOW_SIDE {
            return Err(RequestError::WindowSize { side, window: found.length, limit: MAX_WINDOW_SIDE });
        }
        i32::try_from(found.end()).map_err(|_| RequestError::WorldEnd)?;
        origin[index] = i32::try_from(found.start).map_err(|_| RequestError::WorldEnd)?;
        crop[index] = (start - found.start) as usize;
        size = axis.with(size, found.length);
    }
    Ok((Window { size, lattice: Lattice { origin, wrap: false } }, crop))
}

/// A size at which the graphs have shapes: near `asked`, but no larger than need be.
fn known_size(generator: &ValidGenerator, asked: Size) -> Size {
    let rule = generator.generator.size;
    let smallest = rule.smallest();
    let side =
        |asked: usize, least: usize, multiple: usize| asked.clamp(least, least.max(256)).next_multiple_of(multiple);
    Size {
        batch: asked.batch,
        height: side(asked.height, smallest.height, rule.multiple[0].max(1)),
        width: side(asked.width, smallest.width, rule.multiple[1].max(1)),
    }
}

/// `graph` with outputs cut to the patch at `crop` of a window.
fn crop_outputs(graph: &ValidGraph, window: Size, patch: Size, crop: [usize; 2]) -> Result<ValidGraph, RequestError> {
    if (window.height, window.width) == (patch.height, patch.width) {
        return Ok(graph.clone());
    }
    let bound = graph.bind(window)?;
    let mut plain = graph.graph().clone();
    for (output, value) in graph.graph().outputs.iter().zip(graph.outputs()) {
        let shape = &bound.value_type(*value).shape;
        let Some(slice) = slice(shape, window, patch, crop) else { continue };
        let whole = format!("imagine.window.{}", output.name);
        if !rename(&mut plain, &output.name, &whole) {
            let reason = "an input that is an output too, which cannot be cropped".into();
            return Err(RequestError::Patch { value: output.name.clone(), reason });
        }
        plain.push(&output.name, slice, [whole.as_str()]);
    }
    let cropped = plain.validate()?;
    cropped.bind(window)?;
    Ok(cropped)
}

/// What cuts the patch out of a value of `shape`; `None` where the value has no height and width.
fn slice(shape: &[usize], window: Size, patch: Size, crop: [usize; 2]) -> Option<Slice> {
    let first = shape.len().checked_sub(2)?;
    let scaled = |texels: usize, whole: usize, length: usize| (texels * length / whole) as i64;
    let (y, x) = (shape[first], shape[first + 1]);
    if y == 1 && x == 1 {
        return None;
    }
    let starts = vec![scaled(crop[0], window.height, y), scaled(crop[1], window.width, x)];
    let ends = vec![scaled(crop[0] + patch.height, window.height, y), scaled(crop[1] + patch.width, window.width, x)];
    Some(Slice { starts, ends, axes: vec![-2, -1], steps: Vec::new() })
}

/// Gives the value `from`, which a node writes, another name. False if no node writes it.
fn rename(graph: &mut Graph, from: &str, to: &str) -> bool {
    let mut is_written = false;
    for node in &mut graph.nodes {
        for output in node.outputs.iter_mut().filter(|output| **output == from) {
            *output = to.into();
            is_written = true;
        }
        // A node that is called like its value keeps its name but for the new node that takes it.
        if node.name == from {
            node.name = to.into();
        }
    }
    let inputs = graph.nodes.iter_mut().flat_map(|node| &mut node.inputs);
    inputs.filter(|input| **input == from).for_each(|input| *input = to.into());
    is_written
}

impl Fields {
    fn misplaced(&self) -> RequestError {
        self.fault("fields belong to patches of a world; this request asks for an image that tiles".into())
    }
}

#[cfg(test)]
mod tests;
