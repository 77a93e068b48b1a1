//! Coordinate fields from a prepared exemplar: a torus, or a window of an endless plane.
//!
//! A window is computed level by level. The span of each level covers what the finer level needs plus the reach of its passes, in
//! whole blocks, so a window equals the same part of the whole plane to the byte.

use imagine_cpu::{Draw, Field, Moves, REACH, double, match_pass, move_blocks, start};
use imagine_graph::rng;

use crate::prepared::Prepared;
use crate::recipe::Recipe;

/// Why there is no field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SynthesisError {
    /// A torus whose size is not a multiple of what the levels need.
    #[error(
        "a torus of {height} x {width} texels: rows may be {} or {}, columns {} or {}",
        nearest.0, nearest.1, nearest.2, nearest.3
    )]
    Size {
        /// Rows that were asked for.
        height: usize,
        /// Columns that were asked for.
        width: usize,
        /// The next smaller and larger rows, and columns.
        nearest: (usize, usize, usize, usize),
    },
    /// No texel, or too many.
    #[error("a window of {0} x {1} texels: sides are 1 to 16,384")]
    Window(usize, usize),
}

/// The sides of a torus must be multiples of these, `(rows, columns)`, in texels.
pub fn size_multiple(prepared: &Prepared) -> (usize, usize) {
    let recipe = prepared.recipe();
    let spacing = 1 << recipe.halvings;
    // Offsets at both ends differ by the size, so the size must lie on the lattice too.
    let along = |period: u32| spacing.max(period as usize);
    (along(recipe.lattice.0), along(recipe.lattice.1))
}

/// The field of a torus of `height` x `width` texels.
pub fn torus(prepared: &Prepared, seed: u64, height: usize, width: usize) -> Result<Field, SynthesisError> {
    let mut levels = torus_levels(prepared, seed, height, width)?;
    Ok(levels.pop().expect("there is always a coarsest level"))
}

/// The fields of all levels, coarse to fine, of a torus of `height` x `width` texels.
pub fn torus_levels(prepared: &Prepared, seed: u64, height: usize, width: usize) -> Result<Vec<Field>, SynthesisError> {
    let (rows, columns) = size_multiple(prepared);
    let fits = |length: usize, multiple: usize| length > 0 && length.is_multiple_of(multiple) && length <= 16_384;
    if !fits(height, rows) || !fits(width, columns) {
        let below = |length: usize, multiple: usize| (length.min(16_384) / multiple).max(1) * multiple;
        let (down, right) = (below(height, rows), below(width, columns));
        return Err(SynthesisError::Size { height, width, nearest: (down, down + rows, right, right + columns) });
    }
    let mut levels = Vec::new();
    refine(prepared, seed, height, width, |_, field| levels.push(field.clone()));
    Ok(levels)
}

/// Refines the field of a torus whose size fits, and calls `each` with the index and the field of every level.
pub(crate) fn refine(prepared: &Prepared, seed: u64, height: usize, width: usize, mut each: impl FnMut(usize, &Field)) {
    let recipe = prepared.recipe();
    let mut field: Option<Field> = None;
    for (index, level) in prepared.levels().iter().enumerate() {
        let draw = Draw::new(rng::key(seed, index as u32, 0));
        let spacing = 1 << (recipe.halvings - index);
        let mut next = match &field {
            None => start(
                level.shape(),
                (0, 0, height / spacing, width / spacing),
                recipe.block,
                recipe.lattice_on(0),
                draw,
            ),
            Some(field) => double(level.shape(), field),
        };
        move_blocks(level, &mut next, moves(recipe, index), draw, None);
        for _ in 0..recipe.passes_on(index) {
            let inner = match_pass(level, &next.wrapped(REACH), None, None);
            next.places = inner.places;
        }
        each(index, &next);
        field = Some(next);
    }
}

/// How blocks of level `index` move.
fn moves(recipe: &Recipe, index: usize) -> Moves<'static> {
    Moves { block: recipe.block, probability: recipe.moves_on(index), variation: None }
}

/// A half-open span of rows and of columns of the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spans {
    top: i64,
    left: i64,
    bottom: i64,
    right: i64,
}

impl Spans {
    fn map(self, begin: impl Fn(i64) -> i64, end: impl Fn(i64) -> i64) -> Self {
        Self { top: begin(self.top), left: begin(self.left), bottom: end(self.bottom), right: end(self.right) }
    }

    fn size(self) -> (usize, usize) {
        ((self.bottom - self.top) as usize, (self.right - self.left) as usize)
    }
}

/// The field of rows `top..top + height` and columns `left..left + width` of the endless plane of `seed`.
pub fn window(
    prepared: &Prepared,
    seed: u64,
    (top, left): (i64, i64),
    (height, width): (usize, usize),
) -> Result<Field, SynthesisError> {
    if !(1..=16_384).contains(&height) || !(1..=16_384).contains(&width) {
        return Err(SynthesisError::Window(height, width));
    }
    let recipe = prepared.recipe();
    let wanted = Spans { top, left, bottom: top + height as i64, right: left + width as i64 };
    let spans = spans(prepared, wanted);
    let mut field: Option<Field> = None;
    for (index, (level, span)) in prepared.levels().iter().zip(&spans).enumerate() {
        let draw = Draw::new(rng::key(seed, index as u32, 0));
        let (rows, columns) = span.size();
        let mut next = match &field {
            None => {
                let window = (span.top, span.left, rows, columns);
                start(level.shape(), window, recipe.block, recipe.lattice_on(0), draw)
            }
            Some(field) => double(level.shape(), field).crop(span.top, span.left, rows, columns),
        };
        move_blocks(level, &mut next, moves(recipe, index), draw, None);
        for _ in 0..recipe.passes_on(index) {
            next = match_pass(level, &next, None, None);
        }
        field = Some(next);
    }
    Ok(field.expect("there is always a coarsest level").crop(top, left, height, width))
}

/// Number of cells that the passes of a window compute on all levels.
pub fn window_cells(prepared: &Prepared, (top, left): (i64, i64), (height, width): (usize, usize)) -> usize {
    let wanted = Spans { top, left, bottom: top + height as i64, right: left + width as i64 };
    let cells = spans(prepared, wanted).into_iter().enumerate().map(|(index, span)| {
        let (rows, columns) = span.size();
        let inner = |pass: usize| (rows - 2 * REACH * pass) * (columns - 2 * REACH * pass);
        (1..=prepared.recipe().passes_on(index)).map(inner).sum::<usize>()
    });
    cells.sum()
}

/// The span of every level, coarse to fine: what the finer level needs and the reach of this level's passes, in whole blocks.
fn spans(prepared: &Prepared, wanted: Spans) -> Vec<Spans> {
    let recipe = prepared.recipe();
    let block = i64::from(recipe.block.max(1));
    let mut need = wanted;
    let mut spans = Vec::new();
    for index in (0..prepared.levels().len()).rev() {
        let reach = (REACH * recipe.passes_on(index)) as i64;
        let span =
            need.map(|at| (at - reach).div_euclid(block) * block, |at| -(-(at + reach)).div_euclid(block) * block);
        spans.push(span);
        need = span.map(|at| at.div_euclid(2), |at| -(-at).div_euclid(2));
    }
    spans.reverse();
    spans
}
