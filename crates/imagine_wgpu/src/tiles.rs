//! Tiles for images that do not fit at once, each a run of a plan on a window of the image. Pure; needs no GPU.
//!
//! A [`Tiling`] says what each tile computes and which part of it is kept. Together the tiles equal the whole image to the bit:
//! windows are as wide as receptive fields require ([`imagine_graph::Windows`]), and no kernel depends on size or place.

use std::sync::Arc;

use imagine_graph::rng::Domain;
use imagine_graph::{
    Axis, GraphErrors, Ratio, ResolvedRequest, Size, Span, Tensor, TensorType, Texel, ValidGenerator, WindowError,
    Windows, crop, paste, sides,
};

use crate::plan::{Plan, PlanError, PlanOptions};

/// How an image is computed: at once, or in tiles.
#[derive(Clone, Debug)]
pub struct Tiling {
    /// Size of the image.
    pub whole: Size,
    /// The tiles; those with the same plan are adjacent.
    pub tiles: Vec<Tile>,
    inputs: Vec<(String, [Option<Ratio>; 2])>,
    outputs: Vec<(TensorType, [Option<Ratio>; 2])>,
    state: Option<(TensorType, [Option<Ratio>; 2])>,
}

/// A part of an image.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Rows and columns that are kept.
    pub wanted: [Span; 2],
    /// Rows and columns that are computed; on a torus they may extend beyond its ends.
    pub computed: [Span; 2],
    /// The plan that computes them.
    pub plan: Arc<Plan>,
}

/// Rows and columns of a value in a tile, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TileSpans {
    wanted: [Span; 2],
    computed: [Span; 2],
}

impl Tiling {
    /// As few tiles for `request` as `options` allow.
    pub fn new(generator: &ValidGenerator, request: &ResolvedRequest, options: PlanOptions) -> Result<Self, PlanError> {
        let size = request.request.size;
        let whole = [size.height, size.width].map(|length| Span { start: 0, length });
        let cause = match Plan::new(generator, size, options) {
            Ok(plan) => {
                let tile = Tile { wanted: whole, computed: whole, plan: Arc::new(plan) };
                return Self::finish(generator, size, vec![tile], [None, None]);
            }
            Err(cause @ (PlanError::TooLarge { .. } | PlanError::Arena { .. })) => cause,
            Err(error) => return Err(error),
        };
        let windows: [Result<Windows, WindowError>; 2] = Axis::ALL.map(|axis| {
            let windows = Windows::of_image(generator, size, request.steps, axis)?;
            windows.check_seam(request.request.domain)?;
            Ok(windows)
        });
        if let [Err(reason), Err(_)] = &windows {
            return Err(PlanError::NoTiles { cause: Box::new(cause), reason: Box::new(reason.clone()) });
        }
        let mut grid = TileGrid { windows: &windows, size, counts: [1, 1] };
        let mut error = cause;
        while grid.refine()? {
            let [height, width] = grid.largest()?;
            let options = PlanOptions { image_size: Some(size), ..options };
            match Plan::new(generator, Size { height, width, ..size }, options) {
                Ok(plan) => return Self::of_grid(generator, &grid, plan, options),
                Err(found @ (PlanError::TooLarge { .. } | PlanError::Arena { .. })) => error = found,
                Err(found) => return Err(found),
            }
        }
        Err(error)
    }

    /// `largest` is the plan of the largest tile.
    fn of_grid(
        generator: &ValidGenerator,
        grid: &TileGrid,
        largest: Plan,
        options: PlanOptions,
    ) -> Result<Self, PlanError> {
        let mut largest = Some(largest);
        let mut plans: Vec<Arc<Plan>> = Vec::new();
        let mut tiles: Vec<(usize, Tile)> = Vec::new();
        let [rows, columns] = [grid.spans(0)?, grid.spans(1)?];
        for row in &rows {
            for column in &columns {
                let computed = [row.1, column.1];
                let [height, width] = computed.map(|span| span.length);
                let size = Size { height, width, ..grid.size };
                let index = match plans.iter().position(|plan| plan.size == size) {
                    Some(index) => index,
                    None => {
                        let plan = match largest.take_if(|plan| plan.size == size) {
                            Some(plan) => plan,
                            None => Plan::new(generator, size, options)?,
                        };
                        plans.push(Arc::new(plan));
                        plans.len() - 1
                    }
                };
                tiles.push((index, Tile { wanted: [row.0, column.0], computed, plan: plans[index].clone() }));
            }
        }
        tiles.sort_by_key(|(index, _)| *index);
        let tiles = tiles.into_iter().map(|(_, tile)| tile).collect();
        let windows = [0, 1].map(|axis| grid.windows[axis].as_ref().ok());
        Self::finish(generator, grid.size, tiles, windows)
    }

    fn finish(
        generator: &ValidGenerator,
        whole: Size,
        tiles: Vec<Tile>,
        windows: [Option<&Windows>; 2],
    ) -> Result<Self, PlanError> {
        let scales = |of: &dyn Fn(&Windows) -> Option<Ratio>| windows.map(|windows| windows.and_then(of));
        let inputs = generator.graphs().flat_map(|graph| &graph.graph().inputs);
        let inputs = inputs.map(|input| (input.name.clone(), scales(&|windows| windows.scale_of_input(&input.name))));
        let bound = generator.output.bind(whole)?;
        let values = generator.output.outputs().iter().enumerate();
        let outputs = values.map(|(index, &value)| {
            (bound.value_type(value).clone(), scales(&|windows| windows.scale_of_output(index)))
        });
        let state = state_type(generator, whole)?.map(|(name, found)| (found, scales(&|w| w.scale_of_input(&name))));
        Ok(Self { whole, inputs: inputs.collect(), outputs: outputs.collect(), state, tiles })
    }

    /// Type of output `index` of the whole image.
    pub fn output_type(&self, index: usize) -> &TensorType {
        &self.outputs[index].0
    }

    /// Type of the state of the whole image, if the generator is recurrent.
    pub fn state_type(&self) -> Option<&TensorType> {
        self.state.as_ref().map(|(found, _)| found)
    }

    /// The part of `tensor`, the input `name` of the whole image, that `tile` reads.
    pub fn input(&self, tile: &Tile, name: &str, tensor: &Tensor) -> Tensor {
        match self.inputs.iter().find(|(other, _)| other == name) {
            Some((_, scales)) => crop(tensor, self.elements(tile, scales, &tensor.shape).computed),
            None => tensor.clone(),
        }
    }

    /// The part of the whole image's state that `tile` starts from.
    pub fn state(&self, tile: &Tile, tensor: &Tensor) -> Tensor {
        match &self.state {
            Some((_, scales)) => crop(tensor, self.elements(tile, scales, &tensor.shape).computed),
            None => tensor.clone(),
        }
    }

    /// Copies output `index` of `tile` into `tensor`, the output of the whole image.
    pub fn put_output(&self, tile: &Tile, index: usize, made: &Tensor, tensor: &mut Tensor) {
        let elements = self.elements(tile, &self.outputs[index].1, &tensor.shape);
        paste(made, elements.computed, elements.wanted, tensor);
    }

    /// Copies the state of `tile` into `tensor`, the state of the whole image.
    pub fn put_state(&self, tile: &Tile, made: &Tensor, tensor: &mut Tensor) {
        let Some((_, scales)) = &self.state else { return };
        let elements = self.elements(tile, scales, &tensor.shape);
        paste(made, elements.computed, elements.wanted, tensor);
    }

    /// Domain of `tile` if that of the whole image is `domain`.
    pub fn domain(&self, tile: &Tile, domain: Domain) -> Domain {
        // Coordinates are unsigned and wrap at 2^32, and so do origins.
        let [rows, columns] = tile.computed.map(|span| span.start as i32);
        let Texel { y, x } = domain.origin;
        Domain { origin: Texel { y: y.wrapping_add(rows), x: x.wrapping_add(columns) }, ..domain }
    }

    /// Rows and columns in `tile` of a value with these scales; `shape` is its shape in the whole image.
    fn elements(&self, tile: &Tile, scales: &[Option<Ratio>; 2], shape: &[usize]) -> TileSpans {
        let sides = sides(shape);
        let of = |spans: [Span; 2]| {
            [0, 1].map(|axis| match scales[axis] {
                Some(scale) => spans[axis].scaled(scale),
                None => Span { start: 0, length: sides[axis] },
            })
        };
        TileSpans { wanted: of(tile.wanted), computed: of(tile.computed) }
    }
}

/// Tiles in rows and columns.
struct TileGrid<'a, 'g> {
    windows: &'a [Result<Windows<'g>, WindowError>; 2],
    size: Size,
    counts: [usize; 2],
}

impl TileGrid<'_, '_> {
    /// Halves the tiles along the axis that adds the least computation; `false` if they cannot be smaller.
    fn refine(&mut self) -> Result<bool, PlanError> {
        let mut best: Option<(usize, [usize; 2])> = None;
        for axis in [0, 1] {
            let Ok(windows) = &self.windows[axis] else { continue };
            let mut finer = TileGrid { counts: self.counts, ..*self };
            finer.counts[axis] *= 2;
            let before = self.largest()?[axis];
            let smaller = self.side(axis) > windows.alignment() && finer.largest()?[axis] < before;
            let [height, width] = finer.largest()?;
            let computed = height * width * finer.spans(0)?.len() * finer.spans(1)?.len();
            if smaller && best.is_none_or(|(least, _)| computed < least) {
                best = Some((computed, finer.counts));
            }
        }
        if let Some((_, counts)) = best {
            self.counts = counts;
        }
        Ok(best.is_some())
    }

    fn length(&self, axis: usize) -> usize {
        Axis::ALL[axis].of(self.size)
    }

    /// Kept pixels of a tile along an axis.
    fn side(&self, axis: usize) -> usize {
        let alignment = self.windows[axis].as_ref().map_or(1, Windows::alignment);
        self.length(axis).div_ceil(self.counts[axis]).next_multiple_of(alignment)
    }

    /// Height and width of the largest window.
    fn largest(&self) -> Result<[usize; 2], PlanError> {
        let longest = |axis: usize| -> Result<usize, PlanError> {
            Ok(self.spans(axis)?.iter().map(|(_, computed)| computed.length).max().unwrap_or(0))
        };
        Ok([longest(0)?, longest(1)?])
    }

    /// Kept and computed pixels of every tile along an axis. Computed lengths are equal unless the image ends between multiples
    /// of the alignment.
    fn spans(&self, axis: usize) -> Result<Vec<(Span, Span)>, PlanError> {
        let length = self.length(axis);
        let all = Span { start: 0, length };
        let Ok(windows) = &self.windows[axis] else { return Ok(vec![(all, all)]) };
        let side = self.side(axis);
        let wanted =
            (0..length).step_by(side).map(|start| Span { start: start as i64, length: side.min(length - start) });
        let wanted: Vec<Span> = wanted.collect();
        let around = |least: usize| -> Result<Vec<(Span, Span)>, WindowError> {
            wanted.iter().map(|&span| Ok((span, windows.around_at_least(span, least)?))).collect()
        };
        let found = around(0).map_err(fault)?;
        let longest = found.iter().map(|(_, computed)| computed.length).max().unwrap_or(0);
        around(longest).map_err(fault)
    }
}

/// Windows were checked when they were made, so only binding one can still fail.
fn fault(error: WindowError) -> PlanError {
    match error {
        WindowError::Graph(errors) => PlanError::Graph(errors),
        other => PlanError::Windows(Box::new(other)),
    }
}

/// Name of the state and its type in an image of size `whole`.
fn state_type(generator: &ValidGenerator, whole: Size) -> Result<Option<(String, TensorType)>, GraphErrors> {
    let Some(recurrence) = &generator.recurrence else { return Ok(None) };
    let bound = recurrence.init.bind(whole)?;
    let found = bound.value_type(recurrence.init.outputs()[0]).clone();
    let state = recurrence.step.state_input();
    Ok(state.map(|state| (recurrence.step.name(state).to_string(), found)))
}
