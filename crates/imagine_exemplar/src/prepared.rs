//! Everything that synthesis needs from an exemplar, computed once.

use std::collections::BTreeMap;

use imagine_codec::{DIMENSIONS, Edges, Maps, Projection, PyramidLevel, RADIUS, Search, pyramid, similar_places};
use imagine_cpu::{Level, LevelError};

use crate::projection::projection;
use crate::recipe::Recipe;

/// The levels of an exemplar, coarse to fine, with the recipe that they were made for.
#[derive(Clone, Debug)]
pub struct Prepared {
    levels: Vec<Level>,
    projections: Vec<Projection>,
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
        check(maps.height(), maps.width(), edges, &recipe)?;
        let mut analysis = Analysis::new(maps, edges, recipe.halvings);
        analysis.refine(usize::MAX);
        analysis.prepared(recipe)
    }

    /// The same for other maps of the same size, with the same projections.
    pub(crate) fn of(&self, maps: &Maps) -> Self {
        let halvings = self.recipe.halvings;
        let edges = self.levels.first().map_or(Edges::Wrap, |level| level.shape().edges);
        let values = pyramid(maps, edges, halvings);
        let levels = self.levels.iter().zip(&self.projections).zip(values.iter().rev()).enumerate();
        let levels = levels.map(|(index, ((level, projection), values))| {
            let appearance = projection.appearance(values, &values.padded(edges, RADIUS));
            let (rows, columns) = self.recipe.lattice_on(index);
            let (height, width, lattice) = (values.height, values.width, (rows as usize, columns as usize));
            let search = Search { height, width, edges, lattice, appearance: &appearance };
            let similar = if level.has_table() { similar_places(&search) } else { Vec::new() };
            Level::new(height, width, edges, &appearance, similar).expect("a level of the same size")
        });
        Self { levels: levels.collect(), projections: self.projections.clone(), recipe: self.recipe.clone() }
    }

    /// The same with other moves.
    pub(crate) fn with_moves(&self, moves: Vec<u8>) -> Self {
        Self { recipe: Recipe { moves, ..self.recipe.clone() }, ..self.clone() }
    }

    /// Levels without their projections.
    #[cfg(test)]
    pub(crate) fn of_levels(levels: Vec<Level>, recipe: Recipe) -> Self {
        Self { levels, projections: Vec::new(), recipe }
    }

    /// Levels, coarse to fine.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The projection of each level, coarse to fine.
    pub fn projections(&self) -> &[Projection] {
        &self.projections
    }

    /// How fields are refined.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }
}

/// The levels of an exemplar before a recipe is chosen: several recipes of as many halvings share them.
pub(crate) struct Analysis {
    edges: Edges,
    /// Levels that are not analysed yet, the finest first.
    finer: Vec<PyramidLevel>,
    /// Analysed levels, coarse to fine.
    pub levels: Vec<AnalysedLevel>,
    size: (usize, usize),
}

/// A level with the appearance of its places, and its tables of similar places by lattice.
pub(crate) struct AnalysedLevel {
    pub values: PyramidLevel,
    pub projection: Projection,
    pub appearance: Vec<[i8; DIMENSIONS]>,
    tables: BTreeMap<(usize, usize), Vec<u32>>,
}

impl Analysis {
    /// Both sides can be halved that often. No level is analysed yet.
    pub fn new(maps: &Maps, edges: Edges, halvings: usize) -> Self {
        let finer = pyramid(maps, edges, halvings);
        Self { edges, finer, levels: Vec::new(), size: (maps.height(), maps.width()) }
    }

    /// Analyses further levels, as long as their longer side has at most `side` places.
    pub fn refine(&mut self, side: usize) {
        while let Some(values) = self.finer.pop_if(|level| level.height.max(level.width) <= side) {
            let padded = values.padded(self.edges, RADIUS);
            let projection = projection(&values, &padded);
            let appearance = projection.appearance(&values, &padded);
            self.levels.push(AnalysedLevel { values, projection, appearance, tables: BTreeMap::new() });
        }
    }

    /// The analysed levels with the tables of `recipe`, which has as many halvings as the analysis. If finer levels are
    /// missing, fields end at the finest level there is.
    pub fn prepared(&mut self, recipe: Recipe) -> Result<Prepared, PrepareError> {
        check(self.size.0, self.size.1, self.edges, &recipe)?;
        let (mut levels, mut projections) = (Vec::new(), Vec::new());
        for (index, level) in self.levels.iter_mut().enumerate() {
            let (height, width) = (level.values.height, level.values.width);
            let similar = match 1u32 << (recipe.halvings - index) >= recipe.tables_from {
                true => level.table(recipe.lattice_on(index), self.edges).to_vec(),
                false => Vec::new(),
            };
            levels.push(Level::new(height, width, self.edges, &level.appearance, similar)?);
            projections.push(level.projection.clone());
        }
        Ok(Prepared { levels, projections, recipe })
    }
}

impl AnalysedLevel {
    /// The neighbourhoods of the level, among which similar ones are sought.
    pub fn search(&self, edges: Edges) -> Search<'_> {
        let (height, width) = (self.values.height, self.values.width);
        Search { height, width, edges, lattice: (1, 1), appearance: &self.appearance }
    }

    fn table(&mut self, lattice: (u32, u32), edges: Edges) -> &[u32] {
        let lattice = (lattice.0 as usize, lattice.1 as usize);
        if !self.tables.contains_key(&lattice) {
            let table = similar_places(&Search { lattice, ..self.search(edges) });
            self.tables.insert(lattice, table);
        }
        &self.tables[&lattice]
    }
}

fn check(height: usize, width: usize, edges: Edges, recipe: &Recipe) -> Result<(), PrepareError> {
    let halvings = recipe.halvings;
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
