//! Weights of `Resize`: one table of filter taps per axis, shared by the reference, the kernel and the tests.
//!
//! Output element `o` of one axis lies at input coordinate `x`, by `coordinate_transformation_mode`, with `s` the scale and
//! `length = s * input`, which may be fractional:
//!
//! | mode | x |
//! |---|---|
//! | `half_pixel` | `(o + 0.5) / s - 0.5` |
//! | `half_pixel_symmetric` | the same, plus `input / 2 * (1 - output / length)` |
//! | `pytorch_half_pixel` | as `half_pixel`; 0 if the output has one element |
//! | `asymmetric` | `o / s` |
//! | `tf_half_pixel_for_nn` | `(o + 0.5) / s` |
//! | `align_corners` | `o * (input - 1) / (length - 1)`; 0 if the output has one element |
//! | `tf_crop_and_resize` | `(start + o * (end - start) / (length - 1)) * (input - 1)`, `[start, end]` from `roi`; `(start + end) / 2 * (input - 1)` if the output has one element |
//!
//! `nearest` takes element `round(x)` by `nearest_mode`. The other modes mix every element `i` with a weight proportional to
//! `f((i - x) * min(s, 1))` with antialiasing, `f(i - x)` without; the weights of one output element sum to 1. `f` is
//! the triangle `1 - |t|` for `linear`, and for `cubic` the kernel of Keys (IEEE TASSP 29(6), 1981, equation 4) with
//! `a = cubic_coeff_a`. Indices outside the input are clamped or, with `exclude_outside`, dropped. All arithmetic is in
//! binary64; the weights are then rounded to binary32.

use super::attributes::{CoordinateTransformationMode as Coordinate, NearestMode, Resize, ResizeMode};

/// An axis that a `Resize` changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResizedAxis {
    /// Index of the axis.
    pub axis: usize,
    /// Input length.
    pub input: usize,
    /// Output length.
    pub output: usize,
    /// Output elements per input element.
    pub scale: f64,
    /// Start and end of the region of interest, as fractions of the input.
    pub roi: [f64; 2],
}

/// A term of one output element: `weight * x[index]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// Index of the input element.
    pub index: usize,
    /// Its weight.
    pub weight: f32,
}

/// The filter taps of every output element along one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterTaps {
    /// The taps of all output elements, one after the other.
    pub all: Vec<Tap>,
    /// End in `all` of each output element's taps.
    pub ends: Vec<usize>,
}

impl FilterTaps {
    /// The taps of all elements of `axis`.
    pub fn new(op: &Resize, axis: &ResizedAxis) -> Self {
        let mut taps = Self { all: Vec::new(), ends: Vec::with_capacity(axis.output) };
        for o in 0..axis.output {
            push_taps(op, axis, o, &mut taps.all);
            taps.ends.push(taps.all.len());
        }
        taps
    }

    /// The taps of output element `o`; none if mode `tf_crop_and_resize` extrapolates.
    pub fn of(&self, o: usize) -> &[Tap] {
        let start = o.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[o]]
    }

    /// The same as a matrix `[output, input]` in row-major order.
    pub fn matrix(&self, input: usize) -> Vec<f32> {
        let mut matrix = vec![0.0; self.ends.len() * input];
        for (o, row) in matrix.chunks_mut(input.max(1)).enumerate() {
            self.of(o).iter().for_each(|tap| row[tap.index] += tap.weight);
        }
        matrix
    }
}

fn push_taps(op: &Resize, axis: &ResizedAxis, o: usize, taps: &mut Vec<Tap>) {
    let last = axis.input as i64 - 1;
    let x = coordinate(op.coordinate_transformation_mode, axis, o as f64);
    let extrapolates = op.coordinate_transformation_mode == Coordinate::TfCropAndResize;
    if extrapolates && !(0.0..=last as f64).contains(&x) {
        return;
    }
    let (low, high) = elements_read(op, axis, o);
    let whole = Tap { index: low.clamp(0, last) as usize, weight: 1.0 };
    if op.mode == ResizeMode::Nearest {
        return taps.push(whole);
    }
    let counts = |i: &i64| !op.exclude_outside || (0..=last).contains(i);
    let weight = |i: i64| filter(op, (i as f64 - x) * stretch(op, axis));
    let sum: f64 = (low..=high).filter(counts).map(weight).sum();
    if sum == 0.0 {
        return taps.push(whole);
    }
    let first = taps.len();
    for i in (low..=high).filter(counts) {
        let (index, weight) = (i.clamp(0, last) as usize, (weight(i) / sum) as f32);
        // Consecutive indices clamped to the border become one tap.
        match taps[first..].last_mut() {
            Some(tap) if tap.index == index => tap.weight += weight,
            _ => taps.push(Tap { index, weight }),
        }
    }
}

/// The first and last input element of output element `o`, before clamping.
pub(crate) fn elements_read(op: &Resize, axis: &ResizedAxis, o: usize) -> (i64, i64) {
    let x = coordinate(op.coordinate_transformation_mode, axis, o as f64);
    let radius = match op.mode {
        ResizeMode::Nearest => {
            let index = round(op.nearest_mode, x) as i64;
            return (index, index);
        }
        ResizeMode::Linear => 1.0 / stretch(op, axis),
        ResizeMode::Cubic => 2.0 / stretch(op, axis),
    };
    ((x - radius).floor() as i64 + 1, (x + radius).ceil() as i64 - 1)
}

/// Scale of distances before the filter; below 1 the filter is wider.
fn stretch(op: &Resize, axis: &ResizedAxis) -> f64 {
    if op.antialias { axis.scale.min(1.0) } else { 1.0 }
}

fn filter(op: &Resize, t: f64) -> f64 {
    let (t, a) = (t.abs(), f64::from(op.cubic_coeff_a));
    match op.mode {
        ResizeMode::Cubic if t <= 1.0 => ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0,
        ResizeMode::Cubic if t < 2.0 => (((t - 5.0) * t + 8.0) * t - 4.0) * a,
        ResizeMode::Cubic => 0.0,
        ResizeMode::Linear | ResizeMode::Nearest => (1.0 - t).max(0.0),
    }
}

fn coordinate(mode: Coordinate, axis: &ResizedAxis, o: f64) -> f64 {
    let (input, output, scale) = (axis.input as f64, axis.output as f64, axis.scale);
    let length = scale * input;
    let half_pixel = (o + 0.5) / scale - 0.5;
    let [start, end] = axis.roi;
    match mode {
        Coordinate::HalfPixel => half_pixel,
        Coordinate::HalfPixelSymmetric => input / 2.0 * (1.0 - output / length) + half_pixel,
        Coordinate::PytorchHalfPixel if output > 1.0 => half_pixel,
        Coordinate::AlignCorners if output > 1.0 => o * (input - 1.0) / (length - 1.0),
        Coordinate::PytorchHalfPixel | Coordinate::AlignCorners => 0.0,
        Coordinate::Asymmetric => o / scale,
        Coordinate::TfHalfPixelForNn => (o + 0.5) / scale,
        Coordinate::TfCropAndResize if output > 1.0 => {
            start * (input - 1.0) + o * (end - start) * (input - 1.0) / (length - 1.0)
        }
        Coordinate::TfCropAndResize => 0.5 * (start + end) * (input - 1.0),
    }
}

fn round(mode: NearestMode, x: f64) -> f64 {
    match mode {
        NearestMode::RoundPreferFloor => (x - 0.5).ceil(),
        NearestMode::RoundPreferCeil => (x + 0.5).floor(),
        NearestMode::Floor => x.floor(),
        NearestMode::Ceil => x.ceil(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(input: usize, scale: f64) -> ResizedAxis {
        ResizedAxis { axis: 0, input, output: (input as f64 * scale) as usize, scale, roi: [0.0, 1.0] }
    }

    /// The dot product of every output element's taps with `x`.
    fn resized(op: &Resize, axis: &ResizedAxis, x: &[f32]) -> Vec<f32> {
        let matrix = FilterTaps::new(op, axis).matrix(axis.input);
        matrix.chunks(axis.input).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
    }

    #[test]
    fn linear_half_pixel_matches_onnx() {
        // The node test resize_upsample_scales_linear: rows 1 2 / 3 4 doubled; first row 1, 1.25, 1.75, 2.
        let op = Resize { mode: ResizeMode::Linear, ..Resize::default() };
        assert_eq!(resized(&op, &axis(2, 2.0), &[1.0, 2.0]), [1.0, 1.25, 1.75, 2.0]);
    }

    #[test]
    fn nearest_modes_differ_on_ties() {
        let nearest = |nearest_mode| {
            let op =
                Resize { nearest_mode, coordinate_transformation_mode: Coordinate::Asymmetric, ..Resize::default() };
            resized(&op, &axis(3, 2.0), &[0.0, 1.0, 2.0])
        };
        assert_eq!(nearest(NearestMode::RoundPreferFloor), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(nearest(NearestMode::RoundPreferCeil), [0.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        assert_eq!(nearest(NearestMode::Ceil), [0.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn align_corners_keeps_the_corners() {
        let op = Resize {
            mode: ResizeMode::Linear,
            coordinate_transformation_mode: Coordinate::AlignCorners,
            ..Resize::default()
        };
        assert_eq!(resized(&op, &axis(4, 7.0 / 4.0), &[0.0, 1.0, 2.0, 3.0]), [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]);
    }

    #[test]
    fn antialiasing_by_half_is_a_triangle_of_twice_the_width() {
        let op = Resize { mode: ResizeMode::Linear, antialias: true, ..Resize::default() };
        let taps = FilterTaps::new(&op, &axis(8, 0.5));
        let found: Vec<_> = taps.of(1).iter().map(|tap| (tap.index, tap.weight)).collect();
        assert_eq!(found, [(1, 0.125), (2, 0.375), (3, 0.375), (4, 0.125)]);
        assert_eq!(taps.of(0)[0], Tap { index: 0, weight: 0.5 });
    }
}
