//! Weights of `Resize`: one function that the burn mapping multiplies with, the kernel reads and the tests trust.
//!
//! Output element `o` of one axis lies at input coordinate `x`, by `coordinate_transformation_mode`, with
//! `s = scale` (output length over input length where sizes are given):
//!
//! | mode | x |
//! |---|---|
//! | `half_pixel` | `(o + 0.5) / s - 0.5` |
//! | `pytorch_half_pixel` | the same; 0 if the output has one element |
//! | `asymmetric` | `o / s` |
//! | `align_corners` | `o * (input - 1) / (output - 1)`; 0 if the output has one element |
//!
//! `nearest` takes element `round(x)` by `nearest_mode`; `linear` mixes `floor(x)` and `floor(x) + 1`, the latter with
//! weight `x - floor(x)`. Indices are clamped to the input. All of it in 64-bit floats, the weight then rounded to 32.

use crate::ops::{CoordinateTransformationMode as Coordinate, NearestMode, Resize, ResizeMode};

/// What one output element of an axis is made of: `(1 - weight) * x[lower] + weight * x[upper]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// Index of the first input element.
    pub lower: usize,
    /// Index of the second input element.
    pub upper: usize,
    /// Weight of the second one.
    pub weight: f32,
}

/// The taps of every output element of one axis, `scale` as [`Resize::scale`] gives it.
pub fn taps(op: &Resize, input: usize, output: usize, scale: f64) -> Vec<Tap> {
    let clamp = |index: i64| index.clamp(0, input as i64 - 1) as usize;
    let tap = |o: usize| {
        let (lower, upper) = elements_read(op, o, input, output, scale);
        let weight = match op.mode {
            ResizeMode::Nearest => 0.0,
            ResizeMode::Linear => position(op, o, input, output, scale) - lower as f64,
        };
        Tap { lower: clamp(lower), upper: clamp(upper), weight: weight as f32 }
    };
    (0..output).map(tap).collect()
}

/// The first and last input element that output element `o` is made of, not yet clamped to the input.
pub(crate) fn elements_read(op: &Resize, o: usize, input: usize, output: usize, scale: f64) -> (i64, i64) {
    let x = position(op, o, input, output, scale);
    match op.mode {
        ResizeMode::Nearest => {
            let index = round(op.nearest_mode, x) as i64;
            (index, index)
        }
        ResizeMode::Linear => (x.floor() as i64, x.floor() as i64 + 1),
    }
}

fn position(op: &Resize, o: usize, input: usize, output: usize, scale: f64) -> f64 {
    coordinate(op.coordinate_transformation_mode, o as f64, input as f64, output as f64, scale)
}

/// The same as a matrix `[output, input]` in row-major order.
pub fn weights(taps: &[Tap], input: usize) -> Vec<f32> {
    let mut weights = vec![0.0; taps.len() * input];
    for (row, tap) in weights.chunks_mut(input.max(1)).zip(taps) {
        row[tap.lower] += 1.0 - tap.weight;
        row[tap.upper] += tap.weight;
    }
    weights
}

fn coordinate(mode: Coordinate, o: f64, input: f64, output: f64, scale: f64) -> f64 {
    match mode {
        Coordinate::HalfPixel => (o + 0.5) / scale - 0.5,
        Coordinate::PytorchHalfPixel if output > 1.0 => (o + 0.5) / scale - 0.5,
        Coordinate::AlignCorners if output > 1.0 => o * (input - 1.0) / (output - 1.0),
        Coordinate::PytorchHalfPixel | Coordinate::AlignCorners => 0.0,
        Coordinate::Asymmetric => o / scale,
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

    #[test]
    fn linear_half_pixel_matches_onnx() {
        // The node test resize_upsample_scales_linear: rows 1 2 / 3 4 doubled; first row 1, 1.25, 1.75, 2.
        let op = Resize { mode: ResizeMode::Linear, ..Resize::default() };
        let rows: Vec<f32> = weights(&taps(&op, 2, 4, 2.0), 2).chunks(2).map(|w| w[0] + 2.0 * w[1]).collect();
        assert_eq!(rows, [1.0, 1.25, 1.75, 2.0]);
    }

    #[test]
    fn nearest_modes_differ_on_ties() {
        let nearest = |nearest_mode| {
            let op =
                Resize { nearest_mode, coordinate_transformation_mode: Coordinate::Asymmetric, ..Resize::default() };
            taps(&op, 3, 6, 2.0).iter().map(|t| t.lower).collect::<Vec<_>>()
        };
        assert_eq!(nearest(NearestMode::RoundPreferFloor), [0, 0, 1, 1, 2, 2]);
        assert_eq!(nearest(NearestMode::RoundPreferCeil), [0, 1, 1, 2, 2, 2]);
        assert_eq!(nearest(NearestMode::Ceil), [0, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn align_corners_keeps_the_corners() {
        let op = Resize {
            mode: ResizeMode::Linear,
            coordinate_transformation_mode: Coordinate::AlignCorners,
            ..Resize::default()
        };
        let taps = taps(&op, 4, 7, 7.0 / 4.0);
        assert_eq!(taps[0], Tap { lower: 0, upper: 1, weight: 0.0 });
        assert_eq!((taps[6].lower, taps[6].weight), (3, 0.0));
        assert_eq!((taps[1].lower, taps[1].weight), (0, 0.5));
    }
}
