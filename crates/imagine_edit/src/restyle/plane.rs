//! Planes of integers of an exemplar, computed as the graph computes those of a picture.

use imagine_codec::Edges;
use imagine_graph::PadMode;

use super::nodes::BINOMIAL;

/// Integers of each place of a level, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plane {
    pub height: usize,
    pub width: usize,
    pub values: Vec<i32>,
}

impl Plane {
    pub fn from_fn(height: usize, width: usize, value: impl FnMut(usize) -> i32) -> Self {
        Self { height, width, values: (0..height * width).map(value).collect() }
    }

    /// The value `down` and `right` of a place; beyond an edge as `edges` say.
    fn at(&self, place: usize, [down, right]: [i64; 2], edges: Edges) -> i32 {
        let (row, column) = ((place / self.width) as i64, (place % self.width) as i64);
        let mode = pad_mode(edges);
        let row = mode.place(row + down, self.height).unwrap_or(0);
        self.values[row * self.width + mode.place(column + right, self.width).unwrap_or(0)]
    }

    /// Filtered with the binomial along both axes, every `stride`th row and column, rounded.
    fn filtered(&self, stride: usize, edges: Edges) -> Self {
        let along = |plane: &Self, place: usize, axis: usize| -> i32 {
            let tap = |k: usize| {
                let mut by = [0; 2];
                by[axis] = k as i64 - 2;
                BINOMIAL[k] * plane.at(place, by, edges)
            };
            (0..5).map(tap).sum()
        };
        let rows = Self::from_fn(self.height, self.width, |place| along(self, place, 1));
        Self::from_fn(self.height / stride, self.width / stride, |place| {
            let columns = self.width / stride;
            let place = place / columns * stride * self.width + place % columns * stride;
            (along(&rows, place, 0) + 128) >> 8
        })
    }

    /// The next coarser level. Both sides are even.
    pub fn halved(&self, edges: Edges) -> Self {
        self.filtered(2, edges)
    }

    pub fn smoothed(&self, edges: Edges) -> Self {
        self.filtered(1, edges)
    }

    /// The level with twice as many rows and columns of the same values.
    pub fn doubled(&self) -> Self {
        let width = 2 * self.width;
        Self::from_fn(2 * self.height, width, |place| self.values[place / width / 2 * self.width + place % width / 2])
    }

    /// The products of gradients (Sobel, a quarter, at most 127 each): `x^2 - y^2`, `2 x y`, `x^2 + y^2`.
    pub fn tensor(&self, edges: Edges) -> [Self; 3] {
        let gradient = |place: usize, across: bool| {
            let side = |sign: i64| -> i32 {
                let tap = |along: i64| {
                    let by = if across { [along, sign] } else { [sign, along] };
                    (2 - along.abs() as i32) * self.at(place, by, edges)
                };
                (-1..=1).map(tap).sum()
            };
            ((side(1) - side(-1)) >> 2).clamp(-127, 127)
        };
        let gradients: Vec<[i32; 2]> =
            (0..self.values.len()).map(|place| [gradient(place, true), gradient(place, false)]).collect();
        let products: [fn([i32; 2]) -> i32; 3] = [|[x, y]| x * x - y * y, |[x, y]| 2 * x * y, |[x, y]| x * x + y * y];
        products.map(|product| Self::from_fn(self.height, self.width, |place| product(gradients[place])))
    }

    /// Twice the variance: the mean squared difference of two places.
    pub fn spread(&self) -> f64 {
        let count = self.values.len() as f64;
        let mean = self.values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
        2.0 * self.values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count
    }

    /// The value that `share` of the places do not exceed.
    pub fn quantile(&self, share: f64) -> i32 {
        let mut sorted = self.values.clone();
        sorted.sort_unstable();
        sorted[((sorted.len() - 1) as f64 * share).round() as usize]
    }

    /// Values below which `i` of `steps` parts of the places lie, for i from 0 to `steps`.
    pub fn quantiles(&self, steps: usize) -> Vec<f32> {
        let mut sorted = self.values.clone();
        sorted.sort_unstable();
        (0..=steps).map(|step| sorted[(sorted.len() - 1) * step / steps] as f32).collect()
    }
}

/// How the graph pads an image whose edges are these.
pub(super) fn pad_mode(edges: Edges) -> PadMode {
    match edges {
        Edges::Wrap => PadMode::Wrap,
        Edges::Bounded => PadMode::Reflect,
    }
}
