//! What programs without a network make of a photograph, to compare with: bright is high, and normals are the slopes of that height by the
//! Sobel filter, as in Materialize and the normal map filters of paint programs.

use super::fields::Fields;
use crate::data::LUMA;

/// Widths of the blurs whose mean is the height, in pixels.
const BLURS: [usize; 3] = [1, 3, 9];
/// Strengths of the slopes that are tried.
pub(super) const STRENGTHS: [f32; 9] = [0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0];

/// Height of a square picture of `side` pixels, sRGB.
pub(super) fn height(picture: &[Vec<f32>; 3], side: usize) -> Vec<f32> {
    let [red, green, blue] = LUMA;
    let grey: Vec<f32> =
        (0..side * side).map(|at| red * picture[0][at] + green * picture[1][at] + blue * picture[2][at]).collect();
    let mut mean = vec![0.0; side * side];
    for blur in BLURS {
        let blurred = blurred(&grey, side, blur);
        mean.iter_mut().zip(blurred).for_each(|(sum, value)| *sum += value / BLURS.len() as f32);
    }
    mean
}

/// Slopes to the right and down by the Sobel filter, times `strength`.
pub(super) fn slopes(height: &[f32], side: usize, strength: f32) -> [Vec<f32>; 2] {
    let at = |y: i64, x: i64| height[clamped(y, side) * side + clamped(x, side)];
    let sobel = |at_offset: &dyn Fn(i64, i64) -> f32| {
        (at_offset(1, -1) - at_offset(-1, -1) + 2.0 * (at_offset(1, 0) - at_offset(-1, 0)) + at_offset(1, 1)
            - at_offset(-1, 1))
            / 8.0
    };
    let slope = |is_down: bool| {
        let value = |index: usize| {
            let (y, x) = ((index / side) as i64, (index % side) as i64);
            let value = match is_down {
                false => sobel(&|along, across| at(y + across, x + along)),
                true => sobel(&|along, across| at(y + along, x + across)),
            };
            strength * value
        };
        (0..side * side).map(value).collect()
    };
    [slope(false), slope(true)]
}

/// Mean angle between the normals of slopes and those of a surface, in degrees.
pub(super) fn mean_angle(slopes: &[Vec<f32>; 2], fields: &Fields) -> f64 {
    let normal = |slopes: &[Vec<f32>; 2], at: usize| {
        let [right, down] = slopes.each_ref().map(|slope| slope[at]);
        let length = (right * right + down * down + 1.0).sqrt();
        [right / length, down / length, length.recip()]
    };
    let count = slopes[0].len();
    let angle = |at: usize| {
        let (one, other) = (normal(slopes, at), normal(&fields.slopes, at));
        f64::from(one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>().clamp(-1.0, 1.0)).acos().to_degrees()
    };
    (0..count).map(angle).sum::<f64>() / count.max(1) as f64
}

fn clamped(place: i64, side: usize) -> usize {
    place.clamp(0, side as i64 - 1) as usize
}

/// Means over squares of `2 * reach - 1` pixels; borders repeat.
fn blurred(plane: &[f32], side: usize, reach: usize) -> Vec<f32> {
    let reach = reach as i64 - 1;
    let share = ((2 * reach + 1) as f32).recip();
    let along = |plane: &[f32], is_down: bool| -> Vec<f32> {
        let value = |index: usize| {
            let (y, x) = ((index / side) as i64, (index % side) as i64);
            let taps = (-reach..=reach).map(|tap| match is_down {
                false => plane[y as usize * side + clamped(x + tap, side)],
                true => plane[clamped(y + tap, side) * side + x as usize],
            });
            taps.sum::<f32>() * share
        };
        (0..side * side).map(value).collect()
    };
    along(&along(plane, false), true)
}
