//! What a recipe makes of an exemplar, in figures.

use imagine_codec::{Edges, PyramidLevel, RADIUS, Search, nearest_distances, own_distances, unpack};
use imagine_cpu::Field;
use imagine_graph::rng;

use crate::prepared::{AnalysedLevel, Prepared};
use crate::recipe::Recipe;

/// Neighbourhoods that are compared on a level.
const SAMPLES: usize = 2000;
/// A neighbourhood of a field reaches this far: an appearance vector, and one place more.
const REACH: usize = 3;

/// Figures of a texture that is made from an exemplar. Shares are from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// How far the surroundings of the texture's cells are from any that the exemplar has: the mean squared distance to the nearest, in those
    /// between a place of the exemplar and the place most similar to it. 0 for a copy; the mean over three scales.
    pub error: f64,
    /// Share of cells that are shown again within a quarter of the exemplar along an axis.
    pub loops: f64,
    /// Share of cells whose offset is not on the lattice of a regular exemplar.
    pub broken: f64,
    /// How much is rearranged: share of pairs of cells, a quarter of the exemplar apart, that do not lie together in the exemplar.
    pub variation: f64,
}

/// The neighbourhoods of one level of the exemplar, and how far apart similar ones are.
pub(crate) struct Scale {
    index: usize,
    own: f64,
}

impl Scale {
    pub fn new(index: usize, level: &AnalysedLevel, edges: Edges) -> Self {
        let places = sample(level.appearance.len(), SAMPLES / 2);
        let own = mean(&own_distances(&level.search(edges), &places));
        Self { index, own: own.max(1.0) }
    }

    /// The error of a field of this level.
    pub fn error(&self, levels: &[AnalysedLevel], edges: Edges, field: &Field) -> f64 {
        let level = &levels[self.index];
        let cells = sample(field.places.len(), SAMPLES);
        let count = cells.len();
        let torn: Vec<usize> = cells.into_iter().filter(|cell| !is_whole(field, level, *cell)).collect();
        let values = gathered(&level.values, field);
        let padded = values.padded(Edges::Wrap, RADIUS);
        let appearance = level.projection.appearance(&values, &padded);
        let made = Search {
            height: field.height,
            width: field.width,
            edges: Edges::Wrap,
            lattice: (1, 1),
            appearance: &appearance,
        };
        let distances = nearest_distances(&level.search(edges), &made, &torn);
        distances.iter().map(|d| f64::from(*d)).sum::<f64>() / count as f64 / self.own
    }

    /// Index of the level.
    pub fn index(&self) -> usize {
        self.index
    }
}

/// Loops, broken joints and variation of a field that is a torus, on the level of `prepared` that it shows.
pub(crate) fn of_field(prepared: &Prepared, field: &Field) -> Figures {
    let Some(level) = prepared.levels().last() else { return Figures::default() };
    let (height, width) = (level.shape().height as usize, level.shape().width as usize);
    let count = field.places.len() as f64;
    Figures {
        error: 0.0,
        loops: loops(field, (height / 4, width / 4)) as f64 / count,
        broken: broken(prepared.recipe(), prepared.levels().len() - 1, field) as f64 / count,
        variation: variation(field, (height, width)),
    }
}

/// Cells whose place is shown again at most `reach` rows below, or columns to the right.
fn loops(field: &Field, reach: (usize, usize)) -> usize {
    let mut repeats = vec![false; field.places.len()];
    let mut walk = |lines: usize, length: usize, reach: usize, cell: &dyn Fn(usize, usize) -> usize| {
        let mut line: Vec<(u32, usize)> = Vec::new();
        for index in 0..lines {
            line.clear();
            // Beyond the end the torus continues.
            let ahead = reach.min(length - 1);
            line.extend((0..length + ahead).map(|at| (field.places[cell(index, at % length)], at)));
            line.sort_unstable();
            for pair in line.windows(2) {
                if pair[0].0 == pair[1].0 && pair[1].1 - pair[0].1 <= reach {
                    repeats[cell(index, pair[0].1 % length)] = true;
                }
            }
        }
    };
    let width = field.width;
    walk(field.height, width, reach.1, &|row, column| row * width + column);
    walk(width, field.height, reach.0, &|column, row| row * width + column);
    repeats.into_iter().filter(|repeats| *repeats).count()
}

/// Cells whose offset is not on the lattice of a level.
fn broken(recipe: &Recipe, level: usize, field: &Field) -> usize {
    let lattice = recipe.lattice_on(level);
    let off = |index: &usize| {
        let (y, x) = unpack(field.places[*index]);
        let apart = |place: u32, at: usize, period: u32| (i64::from(place) - at as i64).rem_euclid(period.into()) != 0;
        apart(y, index / field.width, lattice.0) || apart(x, index % field.width, lattice.1)
    };
    (0..field.places.len()).filter(off).count()
}

/// Share of pairs, a quarter of the exemplar apart along a row or column, that do not lie so in the exemplar.
fn variation(field: &Field, (height, width): (usize, usize)) -> f64 {
    let (down, right) = (height.div_ceil(4), width.div_ceil(4));
    let apart = |index: usize, (down, right): (usize, usize)| {
        let (row, column) = (index / field.width, index % field.width);
        let (y, x) = unpack(field.places[index]);
        let (y2, x2) = unpack(field.at((row + down) % field.height, (column + right) % field.width));
        (y2 as usize + height - y as usize) % height != down % height
            || (x2 as usize + width - x as usize) % width != right % width
    };
    let pairs = (0..field.places.len())
        .map(|index| usize::from(apart(index, (down, 0))) + usize::from(apart(index, (0, right))));
    pairs.sum::<usize>() as f64 / (2 * field.places.len()) as f64
}

/// Whether everything around a cell lies in the exemplar as it does in the field.
fn is_whole(field: &Field, level: &AnalysedLevel, cell: usize) -> bool {
    let (row, column) = (cell / field.width, cell % field.width);
    // The corner of the neighbourhood, on the torus.
    let (top, left) = (field.height - REACH % field.height, field.width - REACH % field.width);
    let (y0, x0) = unpack(field.at((row + top) % field.height, (column + left) % field.width));
    let (height, width) = (level.values.height, level.values.width);
    let same = |down: usize, right: usize| {
        let (y, x) = unpack(field.at((row + top + down) % field.height, (column + left + right) % field.width));
        (y0 as usize + down) % height == y as usize && (x0 as usize + right) % width == x as usize
    };
    (0..=2 * REACH).all(|down| (0..=2 * REACH).all(|right| same(down, right)))
}

/// The values of a level at the places of a field.
fn gathered(level: &PyramidLevel, field: &Field) -> PyramidLevel {
    let values = field.places.iter().flat_map(|place| {
        let (y, x) = unpack(*place);
        level.at(y as usize, x as usize).iter().copied()
    });
    PyramidLevel { height: field.height, width: field.width, channels: level.channels, values: values.collect() }
}

/// Hashed indices below `count`, or all of them if there are no more than `most`.
fn sample(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let pick = |index: usize| ((u64::from(rng::cell(index as u32, 0, 0, 1)[0]) * count as u64) >> 32) as usize;
    (0..most).map(pick).collect()
}

fn mean(distances: &[i32]) -> f64 {
    distances.iter().map(|d| f64::from(*d)).sum::<f64>() / distances.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use imagine_cpu::{DIMENSIONS, Level, pack};

    use super::*;

    /// A torus of 16 x 16 cells of an exemplar of 16 x 16 places.
    fn field(place: impl Fn(u32, u32) -> (u32, u32)) -> Field {
        let places = (0..256).map(|at| place(at / 16, at % 16)).map(|(y, x)| pack(y % 16, x % 16)).collect();
        Field { top: 0, left: 0, height: 16, width: 16, places }
    }

    fn figures(field: &Field) -> Figures {
        let level = Level::new(16, 16, Edges::Wrap, &[[0; DIMENSIONS]; 256], Vec::new()).unwrap();
        let recipe = Recipe { halvings: 0, lattice: (4, 1), ..Recipe::free(16, 16) };
        of_field(&Prepared::of_levels(vec![level], recipe), field)
    }

    #[test]
    fn a_copy_has_no_loops_and_no_variation() {
        let copy = figures(&field(|y, x| (y + 4, x + 5)));
        assert_eq!(copy, Figures::default());
    }

    #[test]
    fn columns_shown_twice_in_a_row_are_loops() {
        // Columns 0 to 2 come again at once; column 4 comes again too late.
        let shown = [0, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 4, 9, 10, 11];
        let found = figures(&field(|y, x| (y, shown[x as usize])));
        assert_eq!(found.loops, 3.0 / 16.0);
        assert!(found.variation > 0.2 && found.variation < 0.5, "{found:?}");
    }

    #[test]
    fn cells_off_the_lattice_are_broken() {
        let found = figures(&field(|y, x| (if x < 8 { y + 2 } else { y + 8 }, x)));
        assert_eq!(found.broken, 0.5);
    }
}
