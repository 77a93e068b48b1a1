//! Chooses how freely an exemplar is rearranged: tries recipes, measures what they make, and takes the one that varies most for its
//! faults.

use imagine_codec::{Edges, Maps};

use crate::figures::{Figures, Scale, of_field};
use crate::lattice::{Courses, courses};
use crate::prepared::{Analysis, PrepareError, Prepared};
use crate::recipe::Recipe;
use crate::synthesis::refine;

/// Recipes are tried on levels of at most this many places a side: finer ones only repair seams.
const TRIED_SIDE: usize = 128;
/// Levels, the finest of those, on which surroundings are compared.
const SCALES: usize = 3;
/// Largest error of a recipe.
const MOST_ERROR: f64 = 0.35;
/// Largest share of loops, and of an exemplar that repeats by itself.
const MOST_LOOPS: f64 = 0.03;
const MOST_LOOPS_REGULAR: f64 = 0.1;
/// Variation that is half as good as any more can be.
const HALF: f64 = 0.25;
/// What an error, loops, and loops of an exemplar that repeats by itself cost.
const PER_ERROR: f64 = 1.2;
const PER_LOOPS: f64 = 3.0;
const PER_LOOPS_REGULAR: f64 = 1.0;
/// What a figure beyond its limit costs, and rows or columns that keep their places, unless they are courses of masonry.
const BEYOND: f64 = 0.1;
const FIXED: f64 = 0.1;
/// Levels with moves, and the factor of their probabilities in sixteenths.
const MOVES: [(usize, u16); 12] =
    [(5, 16), (5, 13), (5, 10), (5, 7), (4, 16), (3, 16), (3, 12), (3, 8), (2, 16), (2, 13), (2, 10), (1, 16)];
/// Those that are tried where pieces slide along courses, or blocks have several sizes.
const FEW_MOVES: [(usize, u16); 6] = [(5, 16), (4, 16), (3, 16), (2, 16), (2, 10), (1, 16)];

/// A recipe and what it makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The recipe.
    pub recipe: Recipe,
    /// Figures of a texture of twice the exemplar's sides, on a coarse level.
    pub figures: Figures,
}

impl Trial {
    /// How good the eye finds the recipe: variation, less what errors, loops and `fixed` rows or columns cost.
    fn score(&self, fixed: f64) -> f64 {
        let Figures { error, loops, broken, variation } = self.figures;
        let (most_loops, per_loops) = match self.recipe.lattice {
            (1, 1) => (MOST_LOOPS, PER_LOOPS),
            _ => (MOST_LOOPS_REGULAR, PER_LOOPS_REGULAR),
        };
        let beyond = f64::from(u8::from(error > MOST_ERROR) + u8::from(loops > most_loops)) * BEYOND;
        let spoiled = if broken > 0.0 { 1.0 } else { 0.0 };
        variation / (variation + HALF) - PER_ERROR * error - per_loops * loops - beyond - fixed - spoiled
    }
}

/// Prepares `maps` with the best of the recipes like `base`, which [`crate::fit`] found; `report` is called after each trial.
pub(crate) fn choose(
    maps: &Maps,
    edges: Edges,
    base: &Recipe,
    mut report: impl FnMut(&Trial),
) -> Result<(Prepared, Trial), PrepareError> {
    let mut analysis = Analysis::new(maps, edges, base.halvings);
    analysis.refine(TRIED_SIDE);
    let tried = analysis.levels.len();
    // Whole cells of a lattice may meet in any way: only what is about as small as they counts.
    let count = match base.lattice {
        (1, 1) => SCALES,
        lattice if is_lattice(lattice, maps) => 1,
        _ => 2,
    };
    let scales: Vec<Scale> =
        (tried.saturating_sub(count)..tried).map(|index| Scale::new(index, &analysis.levels[index], edges)).collect();
    let mut best: Option<(f64, Trial)> = None;
    let courses = if base.lattice == (1, 1) && edges == Edges::Wrap { courses(maps) } else { None };
    for recipe in candidates(base, maps, edges, courses) {
        let prepared = analysis.prepared(recipe.clone())?;
        let mut figures = Figures::default();
        let mut error = 0.0;
        refine(&prepared, 1, 2 * maps.height(), 2 * maps.width(), |index, field| {
            let scale = scales.iter().find(|scale| scale.index() == index);
            error += scale.map_or(0.0, |scale| scale.error(&analysis.levels, edges, field));
            if index + 1 == tried {
                figures = of_field(&prepared, field);
            }
        });
        figures.error = error / scales.len().max(1) as f64;
        let trial = Trial { recipe, figures };
        report(&trial);
        let fixed = match courses {
            Some(courses) if !courses.is_masonry && trial.recipe.lattice != (1, 1) => FIXED,
            _ => 0.0,
        };
        let score = trial.score(fixed);
        if best.as_ref().is_none_or(|(best, _)| score > *best) {
            best = Some((score, trial));
        }
    }
    let (_, best) = best.expect("there is a candidate");
    analysis.refine(usize::MAX);
    Ok((analysis.prepared(best.recipe.clone())?, best))
}

/// Whether offsets are on a lattice along both axes.
fn is_lattice(lattice: (u32, u32), maps: &Maps) -> bool {
    let inner = |period: u32, side: usize| period > 1 && (period as usize) < side;
    inner(lattice.0, maps.height()) && inner(lattice.1, maps.width())
}

/// Recipes from free to careful.
fn candidates(base: &Recipe, maps: &Maps, edges: Edges, courses: Option<Courses>) -> Vec<Recipe> {
    let free = Recipe::free(maps.height(), maps.width());
    let moved = |recipe: &Recipe, moves: &[(usize, u16)]| {
        let moved = |(levels, strength): &(usize, u16)| {
            let moves = free.moves[..*levels].iter().map(|moves| (u16::from(*moves) * strength / 16) as u8).collect();
            Recipe { moves, passes: free.passes.clone(), ..recipe.clone() }
        };
        moves.iter().map(moved).collect::<Vec<_>>()
    };
    let base = Recipe { block: free.block, ..base.clone() };
    let (height, width) = (maps.height() as u32, maps.width() as u32);
    let along = |lattice: (u32, u32)| moved(&Recipe { lattice, ..base.clone() }, &FEW_MOVES);
    match base.lattice {
        // The only piece that fits, without moves: tiles.
        (1, 1) if edges == Edges::Bounded => moved(&base, &MOVES[..MOVES.len() - 1]),
        (1, 1) => {
            let slides = courses.map(|courses| along(if courses.down { (height, 1) } else { (1, width) }));
            [moved(&base, &MOVES), slides.unwrap_or_default()].concat()
        }
        lattice if is_lattice(lattice, maps) => {
            let swapped = Recipe { block: 1, moves: vec![0], passes: vec![0], ..base.clone() };
            let matched = Recipe { passes: vec![2], ..swapped.clone() };
            let pairs = Recipe { block: 2, moves: vec![0, 128, 128], ..matched.clone() };
            [vec![swapped, matched, pairs], moved(&base, &MOVES)].concat()
        }
        _ => {
            // The larger blocks are, the more the start is like the exemplar.
            let most = maps.height().min(maps.width()) as u32 >> base.halvings;
            let blocks = [4, 8, 16].into_iter().filter(|block| *block == 4 || *block <= most);
            blocks.flat_map(|block| moved(&Recipe { block, ..base.clone() }, &FEW_MOVES)).collect()
        }
    }
}
