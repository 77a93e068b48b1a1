//! Chooses how freely an exemplar is rearranged: tries recipes, measures what they make, and takes the one that varies most without
//! visible faults.

use imagine_codec::{Edges, Maps};

use crate::figures::{Figures, Scale, of_field};
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
const MOST_LOOPS: f64 = 0.05;
const MOST_LOOPS_REGULAR: f64 = 0.15;
/// A recipe that varies so much is enough: no other kind is tried.
const ENOUGH: f64 = 0.15;
/// Levels with moves, and the factor of their probabilities in sixteenths.
const MOVES: [(usize, u16); 9] = [(5, 16), (5, 13), (5, 10), (4, 16), (3, 16), (3, 12), (2, 16), (2, 10), (1, 16)];

/// A recipe and what it makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The recipe.
    pub recipe: Recipe,
    /// Figures of a texture of twice the exemplar's sides, on a coarse level.
    pub figures: Figures,
}

impl Trial {
    /// How far the worst figure is beyond its limit; at most 1 if there is nothing to find fault with.
    fn fault(&self) -> f64 {
        let loops = if self.recipe.lattice == (1, 1) { MOST_LOOPS } else { MOST_LOOPS_REGULAR };
        let broken = if self.figures.broken > 0.0 { 2.0 } else { 0.0 };
        (self.figures.error / MOST_ERROR).max(self.figures.loops / loops).max(broken)
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
    let mut best: Option<Trial> = None;
    for group in candidates(base, maps, edges) {
        for recipe in group {
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
            if best.as_ref().is_none_or(|best| is_better(&trial, best)) {
                best = Some(trial);
            }
        }
        if best.as_ref().is_some_and(|best| best.fault() <= 1.0 && best.figures.variation >= ENOUGH) {
            break;
        }
    }
    let best = best.expect("there is a candidate");
    analysis.refine(usize::MAX);
    Ok((analysis.prepared(best.recipe.clone())?, best))
}

/// Whether offsets are on a lattice along both axes.
fn is_lattice(lattice: (u32, u32), maps: &Maps) -> bool {
    let inner = |period: u32, side: usize| period > 1 && (period as usize) < side;
    inner(lattice.0, maps.height()) && inner(lattice.1, maps.width())
}

/// Without faults the one that varies more, else the one with less of a fault.
fn is_better(one: &Trial, other: &Trial) -> bool {
    match (one.fault() <= 1.0, other.fault() <= 1.0) {
        (true, true) => one.figures.variation > other.figures.variation,
        (false, false) => one.fault() < other.fault(),
        (fine, _) => fine,
    }
}

/// Groups of recipes from free to careful. A group is tried only if those before it have no recipe that varies enough without faults.
fn candidates(base: &Recipe, maps: &Maps, edges: Edges) -> Vec<Vec<Recipe>> {
    let free = Recipe::free(maps.height(), maps.width());
    let moved = |recipe: &Recipe, (levels, strength): (usize, u16)| {
        let moves = free.moves[..levels].iter().map(|moves| (u16::from(*moves) * strength / 16) as u8).collect();
        Recipe { moves, block: free.block, passes: free.passes.clone(), ..recipe.clone() }
    };
    let all = |recipe: &Recipe| MOVES.map(|moves| moved(recipe, moves)).to_vec();
    let along = |lattice: (u32, u32)| all(&Recipe { lattice, ..base.clone() });
    match base.lattice {
        (1, 1) if edges == Edges::Bounded => vec![all(base)],
        (1, 1) => vec![all(base), [along((maps.height() as u32, 1)), along((1, maps.width() as u32))].concat()],
        lattice if is_lattice(lattice, maps) => {
            let swapped = Recipe { block: 1, moves: vec![0], passes: vec![0], ..base.clone() };
            let matched = Recipe { passes: vec![2], ..swapped.clone() };
            let pairs = Recipe { block: 2, moves: vec![0, 128, 128], ..matched.clone() };
            vec![vec![swapped, matched, pairs], all(base)]
        }
        _ => vec![all(base)],
    }
}
