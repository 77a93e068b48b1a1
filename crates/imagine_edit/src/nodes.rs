//! Nodes on whole numbers, and on masks of a picture that may continue at the opposite edge.

use imagine_graph::generators::Formula;
use imagine_graph::{Cast, Concat, Conv, DType, Dim, Expand, MaxPool, Pad, PadMode, Tensor, TensorData};

/// A scalar integer.
pub(crate) fn int(f: &mut Formula, number: i32) -> String {
    let name = format!("{number} i32");
    if !f.graph.weights.contains_key(&name) {
        f.graph.weight(&name, Tensor::new(vec![], TensorData::I32(vec![number])));
    }
    name
}

/// A weight of integers.
pub(crate) fn ints(f: &mut Formula, shape: impl Into<Vec<usize>>, numbers: Vec<i32>) -> String {
    f.weight(Tensor::new(shape.into(), TensorData::I32(numbers)))
}

pub(crate) fn to_int(f: &mut Formula, value: &str) -> String {
    f.node(Cast::to(DType::I32), &[value])
}

pub(crate) fn to_float(f: &mut Formula, value: &str) -> String {
    f.node(Cast::to(DType::F32), &[value])
}

pub(crate) fn to_bool(f: &mut Formula, value: &str) -> String {
    f.node(Cast::to(DType::Bool), &[value])
}

/// `1 - value`.
pub(crate) fn complement(f: &mut Formula, value: &str) -> String {
    f.scaled(value, -1.0, 1.0)
}

/// Floats along the channels.
pub(crate) fn stack(f: &mut Formula, values: &[String]) -> String {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    f.node(Concat { axis: 1 }, &values)
}

/// Rows and columns of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plane {
    pub height: usize,
    pub width: usize,
    /// Whether it continues at the opposite edge. If not, filters repeat the pixels of the edge.
    pub tiles: bool,
}

impl Plane {
    /// A picture with half the rows and columns.
    pub fn halved(self) -> Self {
        Self { height: self.height / 2, width: self.width / 2, ..self }
    }

    pub fn area(self) -> usize {
        self.height * self.width
    }

    pub fn shape(self, channels: usize) -> Vec<Dim> {
        [1, channels, self.height, self.width].map(Dim::Fixed).to_vec()
    }

    pub fn edges(self) -> PadMode {
        if self.tiles { PadMode::Wrap } else { PadMode::Edge }
    }

    /// Each channel of `value` filtered alone, with the same S x S weights.
    pub fn filtered(self, f: &mut Formula, value: &str, channels: usize, weights: &[f32]) -> String {
        let side = weights.len().isqrt();
        let filters = f.weight(Tensor::f32([channels, 1, side, side], weights.repeat(channels)));
        f.node(Conv { group: channels, ..Conv::same(side, self.edges()) }, &[value, &filters])
    }

    /// The largest number within `radius` rows and columns of each pixel.
    pub fn spread(self, f: &mut Formula, value: &str, radius: usize) -> String {
        self.largest(f, value, [radius; 2])
    }

    /// The largest number of each pixel, of `before` rows and columns before it and of `after` ones behind it.
    fn largest(self, f: &mut Formula, value: &str, [before, after]: [usize; 2]) -> String {
        if before + after == 0 {
            return value.into();
        }
        let pads = [before, before, after, after].map(|pad| pad as i64).to_vec();
        let wrap = Pad { pads, mode: PadMode::Wrap, axes: vec![2, 3], ..Pad::default() };
        let mut spread = if self.tiles { f.node(wrap, &[value]) } else { value.into() };
        let [first, last] = if self.tiles { [0; 2] } else { [before, after] };
        let side = before + 1 + after;
        for (kernel, pads) in [([side, 1], [first, 0, last, 0]), ([1, side], [0, first, 0, last])] {
            let pool = MaxPool { kernel_shape: kernel.to_vec(), pads: pads.to_vec(), ..MaxPool::default() };
            spread = f.node(pool, &[&spread]);
        }
        spread
    }

    /// The smallest number within `radius` of each pixel, of numbers 0 and 1.
    pub fn shrunk(self, f: &mut Formula, value: &str, radius: usize) -> String {
        let outside = complement(f, value);
        let outside = self.spread(f, &outside, radius);
        complement(f, &outside)
    }

    /// The parts of a mask of 0 and 1 that squares of `side` pixels fit in (a morphological opening).
    pub fn opened(self, f: &mut Formula, mask: &str, side: usize) -> String {
        let [before, after] = [(side - 1) / 2, side / 2];
        let outside = complement(f, mask);
        let outside = self.largest(f, &outside, [before, after]);
        let inside = complement(f, &outside);
        self.largest(f, &inside, [after, before])
    }

    /// Truth values: all but a rim of `rim` rows and columns, and of `beyond` more at the bottom and at the right.
    pub fn inside(self, f: &mut Formula, rim: usize, beyond: [usize; 2]) -> String {
        let [height, width] = [(self.height, beyond[0]), (self.width, beyond[1])]
            .map(|(side, beyond)| side.saturating_sub(2 * rim + beyond).max(1));
        let one = f.weight(Tensor::new(vec![1; 4], TensorData::Bool(vec![true])));
        let inner = f.node(Expand { shape: [1, 1, height, width].map(Dim::Fixed).to_vec() }, &[&one]);
        let after = [self.height - height, self.width - width].map(|left| (left.saturating_sub(rim)) as i64);
        let before = [self.height - height, self.width - width].map(|left| left.min(rim) as i64);
        let pads = vec![before[0], before[1], after[0], after[1]];
        if pads.iter().all(|pad| *pad == 0) {
            return inner;
        }
        f.node(Pad { pads, axes: vec![2, 3], ..Pad::default() }, &[&inner])
    }
}
