//! Patches of an endless world. A request in an open domain becomes a request for the window that the patch depends on, and the
//! generator's outputs are cropped to the patch.
//!
//! The window is wider than the patch by the receptive field (of an automaton, times its steps) and begins at a texel that is
//! aligned to all strides of the network. The window's rim, which padding changes, is cropped. A patch therefore equals the
//! same part of any larger window, whatever its size and whatever was generated before.

use super::ValidGenerator;
use super::cut::{cut, rename_written, slice};
use super::fields::{FIELD_INPUT, Fields};
use super::request::{Request, ResolvedRequest};
use super::request_error::RequestError;
use super::resolve::check_batch;
use super::windows::{Need, Span, Windows};
use crate::graph::{Coordinates, Graph, InputKind, ValidGraph};
use crate::ops::Slice;
use crate::tensor::rng::Domain;
use crate::tensor::{Axis, Extent, PerAxis, Size, Texel};

/// Maximum side of a window in texels.
pub const MAX_WINDOW_SIDE: usize = 16_384;
/// Default period of plane coordinates in a world, in texels.
pub const DEFAULT_PERIOD: usize = 1024;

/// A patch as an ordinary request, which every executor can fulfil.
#[derive(Clone, Debug)]
pub struct Patch {
    /// The generator, with fields as inputs and with outputs of the patch's size.
    pub generator: ValidGenerator,
    /// The request for the whole window. Fulfil it as it is; do not make a patch of it again.
    pub request: Request,
    /// Texel of the window at which the patch begins.
    pub crop: Texel,
}

/// Which patch of a world, counted in patches from the one at the world's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PatchIndex {
    /// Patches downwards.
    pub y: i64,
    /// Patches to the right.
    pub x: i64,
}

impl Request {
    /// A patch of `size` of an endless world: the texels from `index * size` on. Neighbours meet exactly.
    pub fn patch(size: Size, seed: u64, index: PatchIndex) -> Result<Self, RequestError> {
        let texel = |index: i64, side: usize| {
            let texel = i64::try_from(side).ok().and_then(|side| index.checked_mul(side));
            texel.and_then(|texel| i32::try_from(texel).ok()).ok_or(RequestError::WorldEnd)
        };
        let origin = Texel { y: texel(index.y, size.height)?, x: texel(index.x, size.width)? };
        Ok(Self { domain: Domain { origin, wrap: false }, ..Self::new(size, seed) })
    }
}

impl ValidGenerator {
    /// The patch that `request` asks for; `None` if its domain wraps, as for a tiling image.
    ///
    /// The size need not obey the generator's size rule: the window does. Tensors for inputs with height and width must have
    /// the window's size; [`Request::fields`] are evaluated over the window.
    pub fn patch(&self, request: &Request) -> Result<Option<Patch>, RequestError> {
        if request.domain.wrap {
            return match &request.fields {
                Some(fields) => Err(fields.misplaced()),
                None => Ok(None),
            };
        }
        check_batch(request.size)?;
        self.check_world_inputs()?;
        let with_fields = request.fields.as_ref().map(|fields| self.with_fields(fields)).transpose()?;
        let generator = with_fields.as_ref().unwrap_or(self);
        let Window { size, domain, crop, needs } = window(generator, request, self.steps(request)?)?;
        let mut window_request = Request { size, domain, fields: None, ..request.clone() };
        window_request.period = Some(self.world_period(request)?);
        if let Some(fields) = &request.fields {
            let values = fields.sample(self, size, domain.origin)?;
            window_request.inputs.insert(FIELD_INPUT.into(), values);
        }
        let output = match needs {
            Some(needs) => cut(&generator.output, size, domain.origin, &needs)?,
            None => crop_outputs(&generator.output, size, request.size, crop)?,
        };
        let generator = ValidGenerator { output, ..generator.clone() };
        Ok(Some(Patch { generator, request: window_request, crop }))
    }

    /// Checks `request` as executors do, patch or not. Evaluates its fields.
    pub fn check(&self, request: &Request) -> Result<ResolvedRequest, RequestError> {
        match self.patch(request)? {
            Some(patch) => patch.generator.resolve(&patch.request),
            None => self.resolve(request),
        }
    }

    /// Directions on a sphere have no position on a plane.
    fn check_world_inputs(&self) -> Result<(), RequestError> {
        let sphere = InputKind::Coordinates(Coordinates::Sphere);
        match self.inputs().into_iter().find(|input| input.kind == sphere) {
            Some(input) => Err(RequestError::Patch {
                value: input.name.clone(),
                reason: "directions on a sphere, which have no position on a plane".into(),
            }),
            None => Ok(()),
        }
    }

    /// The world's period, in which every input of coordinates must have a whole number of elements.
    fn world_period(&self, request: &Request) -> Result<Extent, RequestError> {
        let period = request.period.unwrap_or(Extent::splat(DEFAULT_PERIOD));
        let size = Size::new(period.height, period.width);
        for input in self.inputs().into_iter().filter(|input| matches!(input.kind, InputKind::Coordinates(_))) {
            let is_whole = input.shape.iter().all(|dim| dim.bind(size).is_some_and(|length| length > 0));
            if !is_whole {
                let reason = format!("not a whole number of elements in {}x{} texels", period.width, period.height);
                return Err(RequestError::Patch { value: input.name.clone(), reason });
            }
        }
        Ok(period)
    }
}

/// The window of a patch.
struct Window {
    size: Size,
    domain: Domain,
    /// Texel of the window at which the patch begins.
    crop: Texel,
    /// For a graph that refines levels: what the patch needs of each value.
    needs: Option<PerAxis<Vec<Need>>>,
}

/// The window of the patch that `request` asks for.
fn window(generator: &ValidGenerator, request: &Request, steps: u32) -> Result<Window, RequestError> {
    let along = |axis: Axis| {
        let side = axis.of(request.size);
        let too_long = |window| RequestError::WindowSize { side, window, limit: MAX_WINDOW_SIDE };
        if !(1..=MAX_WINDOW_SIDE).contains(&side) {
            return Err(too_long(side));
        }
        let windows = Windows::of_plane(generator, known_size(generator, request.size), steps, axis)?.by_level();
        let wanted = Span { start: i64::from(request.domain.origin[axis]), length: side };
        let found = windows.around(wanted)?;
        if found.length > MAX_WINDOW_SIDE {
            return Err(too_long(found.length));
        }
        i32::try_from(found.end()).map_err(|_| RequestError::WorldEnd)?;
        let origin = i32::try_from(found.start).map_err(|_| RequestError::WorldEnd)?;
        Ok((origin, (wanted.start - found.start) as i32, found.length, windows.needs(wanted)))
    };
    let ((y, crop_y, height, rows), (x, crop_x, width, columns)) = (along(Axis::Height)?, along(Axis::Width)?);
    Ok(Window {
        size: Size { batch: request.size.batch, height, width },
        domain: Domain { origin: Texel { y, x }, wrap: false },
        crop: Texel { y: crop_y, x: crop_x },
        needs: PerAxis { height: rows, width: columns }.both(),
    })
}

/// A size at which the graphs have shapes: near the requested size, but no larger than needed.
fn known_size(generator: &ValidGenerator, requested: Size) -> Size {
    let rule = generator.generator.size;
    let smallest = rule.smallest();
    let side = |axis: Axis| {
        let least = axis.of(smallest);
        axis.of(requested).clamp(least, least.max(256)).next_multiple_of(rule.multiple[axis].max(1))
    };
    Size { batch: requested.batch, height: side(Axis::Height), width: side(Axis::Width) }
}

/// `graph` with outputs cropped to the patch at `crop` of a window.
fn crop_outputs(graph: &ValidGraph, window: Size, patch: Size, crop: Texel) -> Result<ValidGraph, RequestError> {
    if window.extent() == patch.extent() {
        return Ok(graph.clone());
    }
    let bound = graph.bind(window)?;
    let mut plain = graph.graph().clone();
    for (output, value) in graph.graph().outputs.iter().zip(graph.outputs()) {
        let shape = &bound.value_type(*value).shape;
        let Some(slice) = slice_of_patch(shape, window, patch, crop) else { continue };
        crop_output(&mut plain, &output.name, slice)?;
    }
    let cropped = plain.validate()?;
    cropped.bind(window)?;
    Ok(cropped)
}

/// Crops output `name` by `slice`.
fn crop_output(graph: &mut Graph, name: &str, slice: Slice) -> Result<(), RequestError> {
    let whole = format!("imagine.window.{name}");
    if !rename(graph, name, &whole) {
        let reason = "both an input and an output, so that it cannot be cropped".into();
        return Err(RequestError::Patch { value: name.into(), reason });
    }
    graph.push(name, slice, [whole.as_str()]);
    Ok(())
}

/// The slice that crops a value of `shape` to the patch; `None` if the value has no height and width.
fn slice_of_patch(shape: &[usize], window: Size, patch: Size, crop: Texel) -> Option<Slice> {
    let first = shape.len().checked_sub(2)?;
    let value = Extent { height: shape[first], width: shape[first + 1] };
    if value == Extent::splat(1) {
        return None;
    }
    let scaled = |axis: Axis, texels: usize| (texels * value[axis] / axis.of(window)) as i64;
    Some(slice(Axis::ALL.map(|axis| {
        let first = crop[axis] as usize;
        scaled(axis, first)..scaled(axis, first + axis.of(patch))
    })))
}

/// Renames the value `from`, which a node writes, also where it is read. False if no node writes it.
fn rename(graph: &mut Graph, from: &str, to: &str) -> bool {
    let inputs = graph.nodes.iter_mut().flat_map(|node| &mut node.inputs);
    inputs.filter(|input| **input == from).for_each(|input| *input = to.into());
    rename_written(graph, from, to)
}

impl Fields {
    fn misplaced(&self) -> RequestError {
        self.fault("fields need a patch of a world, but this request is for an image that tiles".into())
    }
}

#[cfg(test)]
mod tests;
