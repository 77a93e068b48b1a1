//! Everything that synthesis needs from an exemplar, computed once.

use imagine_cpu::{Edges, Level, LevelError};

use crate::appearance::{self, Basis};
use crate::maps::Maps;
use crate::pyramid::pyramid;
use crate::recipe::Recipe;
use crate::similar::{Search, similar_places};

/// The levels of an exemplar, coarse to fine, with the recipe that they were made for.
#[derive(Clone, Debug)]
pub struct Prepared {
    levels: Vec<Level>,
    bases: Vec<Basis>,
    recipe: Recipe,
}

/// Why an exemplar cannot be prepared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Sides that cannot be halved that often.
    #[error(
        "an exemplar of {height} x {width} texels cannot be halved {halvings} times: sides must be multiples of {multiple}, and at least four times it"
    )]
    Halvings {
        /// Rows of texels.
        height: usize,
        /// Columns of texels.
        width: usize,
        /// Halvings of the recipe.
        halvings: usize,
        /// Two to the power of the halvings.
        multiple: usize,
    },
    /// A lattice that does not divide the exemplar or its levels.
    #[error(
        "a lattice of {0} texels: it must divide the side of {1} texels, and be a multiple or a divisor of each level's spacing"
    )]
    Lattice(u32, usize),
    /// A lattice without an exemplar that tiles.
    #[error("an exemplar that does not tile has no lattice")]
    Bounded,
    /// A level that does not fit.
    #[error(transparent)]
    Level(#[from] LevelError),
}

impl Prepared {
    /// Prepares `maps`; `edges` says how they continue beyond their edges.
    pub fn new(maps: &Maps, edges: Edges, recipe: Recipe) -> Result<Self, PrepareError> {
        check(maps, edges, &recipe)?;
        let pyramid = pyramid(maps, edges, recipe.halvings);
        let (mut levels, mut bases) = (Vec::new(), Vec::new());
        for (index, level) in pyramid.iter().rev().enumerate() {
            let padded = appearance::padded(level, edges);
            let basis = Basis::of(level, &padded);
            let appearance = basis.appearance(level, &padded);
            let mut similar = Vec::new();
            if 1u32 << (recipe.halvings - index) >= recipe.tables_from {
                let lattice = recipe.lattice_on(index);
                similar = similar_places(&Search {
                    height: level.height,
                    width: level.width,
                    edges,
                    lattice: (lattice.0 as usize, lattice.1 as usize),
                    appearance: &appearance,
                });
            }
            levels.push(Level::new(level.height, level.width, edges, &appearance, similar)?);
            bases.push(basis);
        }
        Ok(Self { levels, bases, recipe })
    }

    /// Levels, coarse to fine.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The projection of each level, coarse to fine.
    pub fn bases(&self) -> &[Basis] {
        &self.bases
    }

    /// How fields are refined.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }
}

fn check(maps: &Maps, edges: Edges, recipe: &Recipe) -> Result<(), PrepareError> {
    let (height, width, halvings) = (maps.height(), maps.width(), recipe.halvings);
    let multiple = 1usize.checked_shl(halvings as u32).unwrap_or(usize::MAX);
    let fits = |side: usize| side.is_multiple_of(multiple) && side / multiple >= 4;
    if !fits(height) || !fits(width) {
        return Err(PrepareError::Halvings { height, width, halvings, multiple });
    }
    for (period, side) in [(recipe.lattice.0, height), (recipe.lattice.1, width)] {
        let in_step = |spacing: u32| period.is_multiple_of(spacing) || spacing.is_multiple_of(period);
        let divides = period > 0 && side.is_multiple_of(period as usize);
        if !divides || (0..=halvings as u32).any(|level| period > 1 && !in_step(1 << level)) {
            return Err(PrepareError::Lattice(period, side));
        }
    }
    if edges == Edges::Bounded && recipe.lattice != (1, 1) {
        return Err(PrepareError::Bounded);
    }
    Ok(())
}
