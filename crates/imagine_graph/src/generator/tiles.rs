//! Large pictures in tiles: memory follows from the tile, not from the picture.

use std::collections::BTreeMap;

use crate::{
    Axis, DType, Generated, GraphOutput, InputKind, Ratio, Request, ResolvedRequest, RunError, Size, Span, Tensor,
    ValidGenerator, Windows, crop, paste, sides,
};

/// Runs `generate` for at most about `side` x `side` pixels and their surroundings at once, if that is possible: the receptive field must be bounded, and neither
/// random numbers nor coordinates read. Otherwise runs it for the whole request. The result is the same to the bit if that of `generate` does not depend on the size.
///
/// After each tile, `done` gets the number of tiles done and of all.
pub fn generate_in_tiles(
    generator: &ValidGenerator,
    request: &Request,
    side: usize,
    generate: impl Fn(&Request) -> Result<Generated, RunError>,
    mut done: impl FnMut(usize, usize),
) -> Result<Generated, RunError> {
    let is_tiled = request.domain.wrap && generator.recurrence.is_none() && !reads_place(generator);
    let resolved = if is_tiled { Some(generator.resolve(request)?) } else { None };
    let tiles = match &resolved {
        Some(resolved) => Tiles::new(generator, resolved.request.size, side)?,
        None => None,
    };
    let (Some(resolved), Some(tiles)) = (resolved, tiles) else {
        let made = generate(request)?;
        done(1, 1);
        return Ok(made);
    };
    let mut whole = Generated { outputs: tiles.empty_outputs()?, state: None };
    let count = tiles.spans[0].len() * tiles.spans[1].len();
    let all = tiles.spans[0].iter().flat_map(|row| tiles.spans[1].iter().map(move |column| [*row, *column]));
    for (index, tile) in all.enumerate() {
        let made = generate(&tiles.request(&resolved, tile))?;
        for (index, (part, (_, tensor))) in made.outputs.iter().zip(&mut whole.outputs).enumerate() {
            let scales = tiles.scales(|windows| windows.scale_of_output(index));
            let held = elements(tile.map(|tile| tile.computed), scales, &tensor.shape);
            let wanted = elements(tile.map(|tile| tile.wanted), scales, &tensor.shape);
            paste(&part.1, held, wanted, tensor);
        }
        done(index + 1, count);
    }
    Ok(whole)
}

/// Whether a pixel depends on where it lies.
fn reads_place(generator: &ValidGenerator) -> bool {
    generator.inputs().iter().any(|input| matches!(input.kind, InputKind::Coordinates(_)))
}

/// Pixels along one axis.
#[derive(Clone, Copy, Debug)]
struct Tile {
    /// What is kept.
    wanted: Span,
    /// What is computed.
    computed: Span,
}

struct Tiles<'a> {
    generator: &'a ValidGenerator,
    size: Size,
    /// Rows and columns; `None` where the axis cannot be cut.
    windows: [Option<Windows<'a>>; 2],
    spans: [Vec<Tile>; 2],
}

impl<'a> Tiles<'a> {
    /// Tiles of at most about `side` pixels; `None` if the image is one tile.
    fn new(generator: &'a ValidGenerator, size: Size, side: usize) -> Result<Option<Self>, RunError> {
        let windows = Axis::ALL.map(|axis| {
            let windows = Windows::of_image(generator, size, 0, axis).ok();
            windows.filter(|windows| axis.of(size) > side && !windows.draws_random_numbers())
        });
        let bound = generator.output.bind(size)?;
        let is_float = |value| bound.value_type(value).dtype == DType::F32;
        let is_whole = windows.iter().all(Option::is_none);
        if is_whole || !generator.output.outputs().iter().all(|value| is_float(*value)) {
            return Ok(None);
        }
        let mut spans = [Vec::new(), Vec::new()];
        for ((axis, windows), spans) in Axis::ALL.into_iter().zip(&windows).zip(&mut spans) {
            let length = axis.of(size);
            let step = windows.as_ref().map_or(length, |windows| side.max(1).next_multiple_of(windows.alignment()));
            for start in (0..length).step_by(step.max(1)) {
                let wanted = Span { start: start as i64, length: step.min(length - start) };
                let computed = windows.as_ref().map_or(Ok(wanted), |windows| windows.around(wanted))?;
                spans.push(Tile { wanted, computed });
            }
        }
        Ok(Some(Self { generator, size, windows, spans }))
    }

    /// The request for the window around a tile.
    fn request(&self, resolved: &ResolvedRequest, tile: [Tile; 2]) -> Request {
        let computed = tile.map(|tile| tile.computed);
        let part = |(name, tensor): (&String, &Tensor)| {
            let scales = self.scales(|windows| windows.scale_of_input(name));
            (name.clone(), crop(tensor, elements(computed, scales, &tensor.shape)))
        };
        let inputs: BTreeMap<String, Tensor> = resolved.inputs.iter().map(part).collect();
        let [height, width] = computed.map(|span| span.length);
        Request { size: Size { height, width, ..self.size }, inputs, ..resolved.request.clone() }
    }

    fn scales(&self, of: impl Fn(&Windows) -> Option<Ratio>) -> [Option<Ratio>; 2] {
        self.windows.each_ref().map(|windows| windows.as_ref().and_then(&of))
    }

    fn empty_outputs(&self) -> Result<Vec<(GraphOutput, Tensor)>, RunError> {
        let graph = &self.generator.output;
        let bound = graph.bind(self.size)?;
        let types = graph.outputs().iter().map(|value| bound.value_type(*value));
        let outputs = graph.graph().outputs.iter().cloned();
        Ok(outputs.zip(types.map(|found| Tensor::f32(found.shape.clone(), vec![0.0; found.elements()]))).collect())
    }
}

/// Elements under `pixels` of a value of `shape` with these scales; all where it is the same for every tile.
fn elements(pixels: [Span; 2], scales: [Option<Ratio>; 2], shape: &[usize]) -> [Span; 2] {
    let sides = sides(shape);
    [0, 1].map(|axis| match scales[axis] {
        Some(scale) => pixels[axis].scaled(scale),
        None => Span { start: 0, length: sides[axis] },
    })
}
