//! Enlarging and reducing pictures with the filters and borders of the papers on super-resolution.
//!
//! A filter that reduces is as many times wider (antialiasing), weights sum to 1, and pixels beyond a border mirror those within,
//! the outermost one too. With the cubic filter of Keys (1981), a = -1/2, this is MATLAB's `imresize`, with which the pictures of
//! those papers are reduced. It works on stored values, in sRGB, as theirs does.

/// An interpolation filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Cubic convolution, a = -1/2; 4 pixels wide.
    Cubic,
    /// Lanczos with 3 lobes; 6 pixels wide.
    Lanczos,
}

impl Filter {
    /// Half its width in pixels.
    fn radius(self) -> f64 {
        match self {
            Filter::Cubic => 2.0,
            Filter::Lanczos => 3.0,
        }
    }

    fn at(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Filter::Cubic if x <= 1.0 => 1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0,
            Filter::Cubic if x <= 2.0 => -0.5 * x.powi(3) + 2.5 * x.powi(2) - 4.0 * x + 2.0,
            Filter::Lanczos if x < 1e-9 => 1.0,
            Filter::Lanczos if x < 3.0 => {
                let angle = std::f64::consts::PI * x;
                3.0 * angle.sin() * (angle / 3.0).sin() / angle.powi(2)
            }
            _ => 0.0,
        }
    }
}

/// A row of output pixels along one axis of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Where the first output pixel begins, in input pixels from the border.
    pub start: f64,
    /// Input pixels for one output pixel.
    pub step: f64,
    /// Number of output pixels.
    pub length: usize,
}

impl Span {
    /// A whole side of `input` pixels as `output` pixels.
    pub fn whole(input: usize, output: usize) -> Self {
        Self { start: 0.0, step: input as f64 / output as f64, length: output }
    }
}

/// The input pixels of each output pixel along one axis, with their weights.
struct Taps {
    all: Vec<(usize, f32)>,
    /// Where those of each output pixel end.
    ends: Vec<usize>,
}

impl Taps {
    fn new(filter: Filter, input: usize, span: Span) -> Self {
        let stretch = span.step.max(1.0);
        let reach = filter.radius() * stretch;
        let mut taps = Self { all: Vec::new(), ends: Vec::with_capacity(span.length) };
        for index in 0..span.length {
            let middle = span.start + (index as f64 + 0.5) * span.step - 0.5;
            let places = (middle - reach).ceil() as i64..=(middle + reach).floor() as i64;
            let weights = places.map(|place| (place, filter.at((middle - place as f64) / stretch)));
            let weights: Vec<(i64, f64)> = weights.filter(|(_, weight)| weight.abs() > 1e-9).collect();
            let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
            taps.all.extend(weights.iter().map(|&(place, weight)| (mirrored(place, input), (weight / sum) as f32)));
            taps.ends.push(taps.all.len());
        }
        taps
    }

    fn of(&self, index: usize) -> &[(usize, f32)] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.all[start..self.ends[index]]
    }

    /// The first and the last input pixel that is read.
    fn range(&self) -> (usize, usize) {
        let places = self.all.iter().map(|(place, _)| *place);
        (places.clone().min().unwrap_or(0), places.max().unwrap_or(0))
    }
}

/// Pixel `place` of a row of `length` that is mirrored at its ends.
fn mirrored(place: i64, length: usize) -> usize {
    let place = place.rem_euclid(2 * length as i64) as usize;
    if place < length { place } else { 2 * length - 1 - place }
}

/// One plane of `[height, width]` pixels resampled; rows first, then columns.
pub(crate) fn resample<T: Copy + Into<f32>>(
    filter: Filter,
    plane: &[T],
    [height, width]: [usize; 2],
    [rows, columns]: [Span; 2],
) -> Vec<f32> {
    let (down, right) = (Taps::new(filter, height, rows), Taps::new(filter, width, columns));
    let (first, last) = down.range();
    let mut narrow = vec![0.0; (last + 1 - first) * columns.length];
    for (row, line) in narrow.chunks_exact_mut(columns.length).enumerate() {
        let source = &plane[(first + row) * width..][..width];
        for (x, value) in line.iter_mut().enumerate() {
            *value = right.of(x).iter().map(|&(place, weight)| source[place].into() * weight).sum();
        }
    }
    let mut result = vec![0.0f32; rows.length * columns.length];
    for (y, line) in result.chunks_exact_mut(columns.length).enumerate() {
        for &(place, weight) in down.of(y) {
            let source = &narrow[(place - first) * columns.length..][..columns.length];
            line.iter_mut().zip(source).for_each(|(sum, value)| *sum += value * weight);
        }
    }
    result
}

/// The nearest byte.
pub(crate) fn byte(value: f32) -> u8 {
    // A cast saturates.
    value.round() as u8
}
