//! Attributes: what differs over large areas of an exemplar, named after what one sees. They become controls of the generator, whose values
//! are targets of guides.

use imagine_codec::{Edges, Maps};
use imagine_graph::OutputKind;
use imagine_graph::color::srgb_to_linear;

use crate::prepared::Prepared;

/// Most attributes of a generator.
pub const MOST_ATTRIBUTES: usize = 3;
/// Cells along the longer side among which attributes are looked for.
const CELLS: usize = 32;
/// Places along the longer side of the finest level that is guided.
const GUIDED: usize = 64;
/// The bytes of a guide are linear between these quantiles.
const QUANTILES: [f32; 2] = [0.04, 0.96];
/// An attribute must vary by this much, in its own measure of what an eye notices.
const LEAST: f32 = 0.01;
/// Two attributes are the same to the eye if they correlate more than this.
const ALIKE: f32 = 0.75;

/// Attributes of an exemplar with the guide of each level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    names: Vec<&'static str>,
    /// Coarse to fine; nothing for levels that are not guided.
    guides: Vec<Option<Vec<i32>>>,
}

/// Values of one attribute in the cells of a grid.
#[derive(Clone)]
struct Grid {
    height: usize,
    width: usize,
    values: Vec<f32>,
}

impl Attributes {
    /// The attributes of `maps`, whose channels are of `kinds`: those that vary most, at most [`MOST_ATTRIBUTES`]; and for each level of `prepared`
    /// with similar places and at most 64 of them a side, a guide of one byte for each of them.
    pub fn new(prepared: &Prepared, maps: &Maps, kinds: &[OutputKind]) -> Self {
        let halvings = prepared.recipe().halvings;
        let longer = maps.height().max(maps.width());
        let cell = (longer / CELLS).next_power_of_two().clamp(1, 1 << halvings);
        let edges = prepared.levels().first().map_or(Edges::Wrap, |level| level.shape().edges);
        let mut chosen: Vec<(&'static str, Grid)> = Vec::new();
        let mut found = candidates(maps, kinds, cell);
        found.iter_mut().for_each(|candidate| candidate.grid = candidate.grid.smoothed(edges));
        found.retain(|candidate| candidate.visible() > LEAST);
        found.sort_by(|a, b| b.visible().total_cmp(&a.visible()));
        for candidate in found {
            let is_new = chosen.iter().all(|(_, other)| candidate.grid.correlation(other).abs() < ALIKE);
            if is_new && chosen.len() < MOST_ATTRIBUTES {
                chosen.push((candidate.name, candidate.grid));
            }
        }
        let names: Vec<_> = chosen.iter().map(|(name, _)| *name).collect();
        let grids: Vec<Grid> = chosen.into_iter().map(|(_, grid)| grid.stretched()).collect();
        let guide = |index: usize| {
            let shape = prepared.levels()[index].shape();
            let is_guided = prepared.is_guided(index) && !names.is_empty();
            is_guided.then(|| words(&grids, shape.height as usize, shape.width as usize, edges))
        };
        Self { guides: (0..prepared.levels().len()).map(guide).collect(), names }
    }

    /// Names of the attributes, the most visible first: `lightness`, `redness` (from green), `yellowness` (from blue), `relief` (high or
    /// low), `shine` (smooth or rough) and `metal`.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// The guide of a level, `[height, width, 1]`: a byte of each attribute.
    pub fn guide(&self, level: usize) -> Option<&[i32]> {
        self.guides.get(level)?.as_deref()
    }
}

impl Prepared {
    /// Whether attributes guide a level.
    fn is_guided(&self, index: usize) -> bool {
        let level = &self.levels()[index];
        let longer = level.shape().height.max(level.shape().width) as usize;
        longer <= GUIDED && level.has_table()
    }
}

/// What may be an attribute.
struct Candidate {
    name: &'static str,
    /// How much an eye notices a difference of 1.
    weight: f32,
    grid: Grid,
}

impl Candidate {
    fn visible(&self) -> f32 {
        self.weight * self.grid.deviation()
    }
}

/// The means of all measures over cells of `cell` x `cell` texels.
fn candidates(maps: &Maps, kinds: &[OutputKind], cell: usize) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut first = 0;
    for kind in kinds {
        let byte = |texel: &[u8], channel: usize| f32::from(texel[first + channel]) / 255.0;
        let mut add = |name, weight, measure: &dyn Fn(&[u8]) -> f32| {
            found.push(Candidate { name, weight, grid: Grid::of(maps, cell, measure) });
        };
        match kind {
            OutputKind::BaseColor => {
                let color = |texel: &[u8]| oklab([0, 1, 2].map(|channel| byte(texel, channel)));
                add("lightness", 1.0, &|texel| color(texel)[0]);
                add("redness", 2.0, &|texel| color(texel)[1]);
                add("yellowness", 2.0, &|texel| color(texel)[2]);
            }
            OutputKind::Height => add("relief", 0.1, &|texel| byte(texel, 0)),
            OutputKind::Roughness => add("shine", 0.3, &|texel| 1.0 - byte(texel, 0)),
            OutputKind::Metallic => add("metal", 0.3, &|texel| byte(texel, 0)),
            _ => {}
        }
        first += kind.channels().unwrap_or(1);
    }
    found
}

/// Lightness, redness and yellowness of an sRGB colour (Oklab, Ottosson 2020).
fn oklab(srgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = srgb.map(srgb_to_linear);
    let cones = [
        0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b,
        0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b,
        0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b,
    ];
    let [l, m, s] = cones.map(f32::cbrt);
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// The guide of a level: a byte of each grid at each of `height` x `width` places.
fn words(grids: &[Grid], height: usize, width: usize, edges: Edges) -> Vec<i32> {
    let scaled: Vec<Grid> = grids.iter().map(|grid| grid.scaled(height, width, edges)).collect();
    let word = |place: usize| {
        let byte = |grid: &Grid| (255.0 * grid.values[place]).round().clamp(0.0, 255.0) as u8;
        let mut bytes = [0; 4];
        bytes.iter_mut().zip(&scaled).for_each(|(byte_of, grid)| *byte_of = byte(grid));
        i32::from_le_bytes(bytes)
    };
    (0..height * width).map(word).collect()
}

impl Grid {
    fn of(maps: &Maps, cell: usize, measure: &dyn Fn(&[u8]) -> f32) -> Self {
        let (height, width) = (maps.height() / cell, maps.width() / cell);
        let mut values = vec![0.0; height * width];
        for (index, texel) in maps.texels().chunks(maps.channels()).enumerate() {
            let (row, column) = (index / maps.width() / cell, index % maps.width() / cell);
            if row < height && column < width {
                values[row * width + column] += measure(texel) / (cell * cell) as f32;
            }
        }
        Self { height, width, values }
    }

    /// The value of a cell, beyond the edges too.
    fn at(&self, row: i64, column: i64, edges: Edges) -> f32 {
        let along = |at: i64, length: usize| match edges {
            Edges::Wrap => at.rem_euclid(length as i64) as usize,
            Edges::Bounded => at.clamp(0, length as i64 - 1) as usize,
        };
        self.values[along(row, self.height) * self.width + along(column, self.width)]
    }

    /// The mean of 3 x 3 cells, with binomial weights.
    fn smoothed(&self, edges: Edges) -> Self {
        let values = (0..self.values.len() as i64).map(|index| {
            let (row, column) = (index / self.width as i64, index % self.width as i64);
            let near = (-1..=1).flat_map(|y: i64| (-1..=1).map(move |x: i64| (y, x)));
            near.map(|(y, x)| ((2 - y.abs()) * (2 - x.abs())) as f32 / 16.0 * self.at(row + y, column + x, edges)).sum()
        });
        Self { values: values.collect(), ..*self }
    }

    /// The grid with `height` x `width` cells, a power of two times as many or as few: means or linear interpolation.
    fn scaled(&self, height: usize, width: usize, edges: Edges) -> Self {
        let mut values = Vec::with_capacity(height * width);
        for row in 0..height {
            for column in 0..width {
                values.push(match self.height / height {
                    0 => self.interpolated(row, column, height, width, edges),
                    factor => self.mean(row * factor, column * self.width / width, factor),
                });
            }
        }
        Self { height, width, values }
    }

    fn interpolated(&self, row: usize, column: usize, height: usize, width: usize, edges: Edges) -> f32 {
        let place = |at: usize, from: usize, to: usize| (at as f32 + 0.5) * from as f32 / to as f32 - 0.5;
        let (y, x) = (place(row, self.height, height), place(column, self.width, width));
        let (top, left) = (y.floor(), x.floor());
        let along = |down: i64| {
            let [a, b] = [0, 1].map(|right| self.at(top as i64 + down, left as i64 + right, edges));
            a + (b - a) * (x - left)
        };
        along(0) + (along(1) - along(0)) * (y - top)
    }

    fn mean(&self, row: usize, column: usize, side: usize) -> f32 {
        let cells = (0..side * side).map(|index| (row + index / side, column + index % side));
        cells.map(|(y, x)| self.at(y as i64, x as i64, Edges::Bounded)).sum::<f32>() / (side * side) as f32
    }

    fn average(&self) -> f32 {
        self.values.iter().sum::<f32>() / self.values.len() as f32
    }

    fn deviation(&self) -> f32 {
        let mean = self.average();
        (self.values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / self.values.len() as f32).sqrt()
    }

    fn correlation(&self, other: &Self) -> f32 {
        let (one, two) = (self.average(), other.average());
        let pairs = self.values.iter().zip(&other.values);
        let product: f32 = pairs.map(|(a, b)| (a - one) * (b - two)).sum();
        product / self.values.len() as f32 / (self.deviation() * other.deviation()).max(1e-9)
    }

    /// The grid from 0 to 1 between its low and high quantile, clamped.
    fn stretched(&self) -> Self {
        let mut sorted = self.values.clone();
        sorted.sort_by(f32::total_cmp);
        let quantile = |share: f32| sorted[((sorted.len() - 1) as f32 * share).round() as usize];
        let [low, high] = QUANTILES.map(quantile);
        let share = |value: &f32| ((value - low) / (high - low).max(1e-9)).clamp(0.0, 1.0);
        Self { values: self.values.iter().map(share).collect(), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;

    /// Two halves, one red and rough, the other green and smooth, with the same lightness.
    fn halves() -> (Prepared, Maps) {
        let texel = |index: usize| if index % 64 < 32 { [180, 60, 60, 220] } else { [50, 130, 50, 60] };
        let maps = Maps::new(64, 64, 4, (0..64 * 64).flat_map(texel).collect()).unwrap();
        (Prepared::new(&maps, Edges::Wrap, Recipe::free(64, 64)).unwrap(), maps)
    }

    #[test]
    fn what_differs_most_is_an_attribute_and_what_goes_with_it_is_none() {
        let (prepared, maps) = halves();
        let attributes = Attributes::new(&prepared, &maps, &[OutputKind::BaseColor, OutputKind::Roughness]);
        assert_eq!(attributes.names(), ["redness"]);
        let finest = (0..prepared.levels().len()).filter(|level| attributes.guide(*level).is_some()).max().unwrap();
        let width = prepared.levels()[finest].shape().width as usize;
        let guide = attributes.guide(finest).unwrap();
        assert_eq!((guide[width / 4], guide[3 * width / 4]), (255, 0), "the middle of the red and the green half");
    }

    #[test]
    fn an_even_exemplar_has_no_attributes() {
        let maps = Maps::new(64, 64, 3, vec![90; 64 * 64 * 3]).unwrap();
        let prepared = Prepared::new(&maps, Edges::Wrap, Recipe::free(64, 64)).unwrap();
        let attributes = Attributes::new(&prepared, &maps, &[OutputKind::BaseColor]);
        assert_eq!(attributes.names().len(), 0);
        assert!((0..prepared.levels().len()).all(|level| attributes.guide(level).is_none()));
    }

    #[test]
    fn scaling_keeps_means() {
        let grid = Grid { height: 4, width: 8, values: (0..32).map(|value| value as f32).collect() };
        for (height, width) in [(2, 4), (4, 8), (8, 16)] {
            let scaled = grid.scaled(height, width, Edges::Wrap);
            assert!((scaled.average() - grid.average()).abs() < 1e-4, "{height}x{width}");
        }
    }
}
