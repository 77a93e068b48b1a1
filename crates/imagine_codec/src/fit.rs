//! How the writer codes each plane: predictions and weights by least squares.

use crate::plane::{Coding, EARLIER, FEATURES, MEAN_UNIT, Plane, Prediction, UNIT};

/// A prediction must leave less than this share of the magnitudes to be used.
const USEFUL: f64 = 0.93;
/// Planes back that are looked at for magnitudes.
const BACK: usize = 48;
/// Places that are observed, at most about so many.
const OBSERVED: usize = 1 << 15;
const SWEEPS: usize = 60;

/// The coding of a plane of latents after the planes `before`.
pub(crate) fn latents(plane: &mut Plane, before: &[Plane]) -> Coding {
    plane.predict(Prediction::None, None);
    let unpredicted = magnitude(plane);
    let mean = Prediction::Mean(neighbours(plane));
    plane.predict(mean, None);
    let prediction = if magnitude(plane) < USEFUL * unpredicted { mean } else { Prediction::None };
    plane.predict(prediction, None);
    coding(plane, before, prediction)
}

/// The coding of a plane of bytes after the planes `before`.
pub(crate) fn median(plane: &mut Plane, before: &[Plane]) -> Coding {
    let last = before.last();
    let mut left = |quarters: u8| {
        plane.predict(Prediction::Median(quarters), last);
        magnitude(plane)
    };
    let quarters = if last.is_some() { 0..=4 } else { 0..=0 };
    let best = quarters.map(|quarters| (left(quarters), quarters)).min_by(|a, b| a.0.total_cmp(&b.0));
    let prediction = Prediction::Median(best.map_or(0, |best| best.1));
    plane.predict(prediction, last);
    coding(plane, before, prediction)
}

/// The mean magnitude of what is left.
fn magnitude(plane: &Plane) -> f64 {
    let sum: f64 = plane.rests().flatten().map(|rest| f64::from(*rest).abs()).sum();
    sum / (plane.height * plane.width) as f64
}

/// Weights of the neighbours left, above, above left and above right whose sum is nearest to the values.
fn neighbours(plane: &Plane) -> [i8; 4] {
    let rows: Vec<&[i16]> = plane.rows().collect();
    let at = |row: usize, column: usize| rows.get(row).and_then(|row| row.get(column)).map_or(0.0, |v| f64::from(*v));
    let (mut gram, mut right) = ([[0.0; 4]; 4], [0.0; 4]);
    let step = (plane.height * plane.width / OBSERVED).max(1);
    for index in (0..plane.height * plane.width).step_by(step) {
        let (row, column) = (index / plane.width, index % plane.width);
        let (up, left) = (row.wrapping_sub(1), column.wrapping_sub(1));
        let values = [at(row, left), at(up, column), at(up, left), at(up, column + 1)];
        add(&mut gram, &mut right, values, at(row, column));
    }
    let weights = descend(&gram, &right, f64::NEG_INFINITY);
    weights.map(|weight| (weight * f64::from(MEAN_UNIT)).round().clamp(-127.0, 127.0) as i8)
}

/// The coding of a plane whose prediction is known.
fn coding(plane: &Plane, before: &[Plane], prediction: Prediction) -> Coding {
    let step = (plane.height * plane.width / OBSERVED).max(1);
    let magnitudes = |plane: &Plane| -> Vec<f64> {
        plane.rests().flatten().step_by(step).map(|rest| f64::from(*rest).abs()).collect()
    };
    let own = magnitudes(plane);
    let back = before.len().min(BACK).min(255);
    let mut related: Vec<(f64, u8)> = (1..=back)
        .map(|back| (correlation(&own, &magnitudes(&before[before.len() - back])), back as u8))
        .filter(|(correlation, _)| *correlation > 0.01)
        .collect();
    related.sort_by(|a, b| b.0.total_cmp(&a.0));
    let earlier: [u8; EARLIER] = std::array::from_fn(|k| related.get(k).map_or(0, |found| found.1));
    let planes = earlier.map(|back| before.len().checked_sub(back.into()).and_then(|index| before.get(index)));
    let (mut gram, mut right) = ([[0.0; FEATURES]; FEATURES], [0.0; FEATURES]);
    for (features, magnitude) in plane.observations(planes).step_by(step) {
        add(&mut gram, &mut right, features.map(f64::from), magnitude.into());
    }
    let weights = descend(&gram, &right, 0.0);
    let weights = weights.map(|weight| (weight * f64::from(UNIT)).round().clamp(0.0, 255.0) as u8);
    Coding { prediction, earlier, weights }
}

fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let count = one.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (a, b) = (mean(one), mean(other));
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for (x, y) in one.iter().zip(other) {
        both += (x - a) * (y - b);
        first += (x - a).powi(2);
        second += (y - b).powi(2);
    }
    both / (first * second).sqrt().max(1e-9)
}

fn add<const N: usize>(gram: &mut [[f64; N]; N], right: &mut [f64; N], values: [f64; N], target: f64) {
    for ((row, right), value) in gram.iter_mut().zip(right).zip(values) {
        row.iter_mut().zip(values).for_each(|(sum, other)| *sum += value * other);
        *right += value * target;
    }
}

/// Least squares with weights of at least `least`, by coordinate descent.
fn descend<const N: usize>(gram: &[[f64; N]; N], right: &[f64; N], least: f64) -> [f64; N] {
    let mut weights = [0.0; N];
    for _ in 0..SWEEPS {
        for k in 0..N {
            if gram[k][k] > 0.0 {
                let others: f64 = (0..N).filter(|other| *other != k).map(|other| gram[k][other] * weights[other]).sum();
                weights[k] = f64::max((right[k] - others) / gram[k][k], least);
            }
        }
    }
    weights
}
