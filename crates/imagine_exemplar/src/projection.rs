//! The projection of a level onto its appearance: the principal components of a sample of neighbourhoods, weighted by a Gaussian over
//! the neighbourhood, each channel divided by its deviation. Its weights are integers with a common shift, small enough that
//! 32-bit floats compute it exactly.
//!
//! Source: Lefebvre and Hoppe, "Appearance-Space Texture Synthesis", 2006.

use imagine_codec::{DIMENSIONS, MAX_SHIFT, Projection, PyramidLevel, RADIUS, SIDE, copy_neighbourhood};
use imagine_graph::rng;
use nalgebra::{DMatrix, SymmetricEigen};

/// Added to the deviation of a channel from 0 to 1, so that a channel that hardly varies counts little.
pub const FLOOR: f64 = 0.05;
/// Deviation of the Gaussian over the neighbourhood, in places.
const SIGMA: f64 = 1.6;
/// Sum of absolute weights of a dimension: an eighth of what is exact. Rounding then errs as much as that of appearance to eight bits, and the
/// weights take little space in a file.
const LARGEST_SUM: f64 = 1023.0;
/// Neighbourhoods whose principal components are taken.
const SAMPLES: usize = 6000;
/// Share of the sample's projections that eight bits hold without clamping.
const HELD: f64 = 0.999;

/// The projection of a level; `padded` is the level with [`RADIUS`] more places on each side.
pub fn projection(level: &PyramidLevel, padded: &PyramidLevel) -> Projection {
    let length = SIDE * SIDE * level.channels;
    let scale = scale(level);
    let samples = samples(level, padded);
    let count = samples.len() / length;
    let rows = DMatrix::from_row_iterator(
        count,
        length,
        samples.iter().enumerate().map(|(i, v)| f64::from(*v) * scale[i % length]),
    );
    let mean = rows.row_mean();
    let centered = DMatrix::from_fn(count, length, |row, column| rows[(row, column)] - mean[column]);
    let eigen = SymmetricEigen::new(centered.transpose() * &centered);
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let components: Vec<_> =
        order.iter().cycle().take(DIMENSIONS).map(|&k| signed(eigen.eigenvectors.column(k).into_owned())).collect();
    let mut projections: Vec<f64> =
        components.iter().flat_map(|component| (&centered * component).data.as_vec().clone()).map(f64::abs).collect();
    projections.sort_by(f64::total_cmp);
    let top = projections[((projections.len() - 1) as f64 * HELD) as usize].max(1e-9);
    quantized(
        &components
            .iter()
            .map(|c| c.iter().zip(&scale).map(|(c, s)| c * s * 127.0 / top).collect())
            .collect::<Vec<Vec<f64>>>(),
        &mean.iter().zip(&scale).map(|(m, s)| m / s).collect::<Vec<f64>>(),
    )
}

/// Integers for real weights, with the largest shift that keeps sums exact, so that the mean of the sample becomes 0.
fn quantized(weights: &[Vec<f64>], mean: &[f64]) -> Projection {
    let largest = |shift: u32| {
        let sum =
            |weights: &Vec<f64>| weights.iter().map(|w| (w * f64::from(1u32 << shift)).round().abs()).sum::<f64>();
        weights.iter().map(sum).fold(0.0, f64::max)
    };
    let shift = (0..MAX_SHIFT).take_while(|shift| largest(*shift) <= LARGEST_SUM).last().unwrap_or(0);
    // Weights of a level without contrast may not even fit unshifted; they are scaled down.
    let cut = (LARGEST_SUM / largest(shift).max(1.0)).min(1.0);
    let integer = |w: &f64| (w * f64::from(1u32 << shift) * cut).round() as i16;
    let integers: Vec<Vec<i16>> = weights.iter().map(|weights| weights.iter().map(integer).collect()).collect();
    let mut bias = [0; DIMENSIONS];
    for (bias, weights) in bias.iter_mut().zip(&integers) {
        *bias = -weights.iter().zip(mean).map(|(w, m)| f64::from(*w) * m).sum::<f64>().round() as i32;
    }
    Projection { weights: integers.concat(), bias, shift }
}

/// Weight of each value of a neighbourhood: the Gaussian over the place, divided by the channel's deviation.
fn scale(level: &PyramidLevel) -> Vec<f64> {
    let places = (level.height * level.width) as f64;
    let deviation = |channel: usize| {
        let values = || level.values.iter().skip(channel).step_by(level.channels).map(|v| f64::from(*v) / 4095.0);
        let mean = values().sum::<f64>() / places;
        (values().map(|v| (v - mean).powi(2)).sum::<f64>() / places).sqrt()
    };
    let channels: Vec<f64> = (0..level.channels).map(|channel| 1.0 / ((deviation(channel) + FLOOR) * 4095.0)).collect();
    let gauss = |at: usize| (-(at as f64 - RADIUS as f64).powi(2) / (2.0 * SIGMA * SIGMA)).exp();
    let places = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x)));
    places.flat_map(|(y, x)| channels.iter().map(move |channel| channel * gauss(y) * gauss(x))).collect()
}

/// Neighbourhoods of hashed places, or of all places if there are no more than [`SAMPLES`].
fn samples(level: &PyramidLevel, padded: &PyramidLevel) -> Vec<i16> {
    let places = level.height * level.width;
    let length = SIDE * SIDE * level.channels;
    let key = rng::key(0, 0, places as u32);
    let pick = |index: usize| match places <= SAMPLES {
        true => index,
        false => ((u64::from(rng::cell(index as u32, 0, 0, key)[0]) * places as u64) >> 32) as usize,
    };
    let mut samples = vec![0; places.min(SAMPLES) * length];
    for (index, sample) in samples.chunks_mut(length).enumerate() {
        let place = pick(index);
        copy_neighbourhood(padded, place / level.width, place % level.width, sample);
    }
    samples
}

/// The component with its largest element positive: eigenvectors are unique only up to their sign.
fn signed(component: nalgebra::DVector<f64>) -> nalgebra::DVector<f64> {
    let largest = component.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
    if largest < 0.0 { -component } else { component }
}
