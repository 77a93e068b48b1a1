//! Appearance vectors: the 5 x 5 neighbourhood of a place in all channels, projected to eight dimensions of eight bits.
//!
//! The projection is onto the principal components of a sample, weighted by a Gaussian over the neighbourhood, each channel
//! divided by its deviation. Its weights are integers with a common shift, small enough that 32-bit floats compute it exactly:
//! `A = clamp((sum w x + b + 2^(t-1)) >> t, -127, 127)` with `sum |w| <= 8191`.
//!
//! Source: Lefebvre and Hoppe, "Appearance-Space Texture Synthesis", 2006.

use imagine_cpu::{DIMENSIONS, Edges};
use imagine_graph::rng;
use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use crate::pyramid::{FLOOR, PyramidLevel};

const RADIUS: usize = 2;
const SIDE: usize = 2 * RADIUS + 1;
/// Deviation of the Gaussian over the neighbourhood, in places.
const SIGMA: f64 = 1.6;
/// Sum of absolute weights of a dimension: times 2048 it stays below 2^24.
const MAX_WEIGHT: f64 = 8191.0;
const MAX_SHIFT: u32 = 20;
/// Neighbourhoods whose principal components are taken.
const SAMPLES: usize = 6000;
/// Share of the sample's projections that eight bits hold without clamping.
const HELD: f64 = 0.999;

/// The projection of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// `[DIMENSIONS][5 x 5 x channels]`.
    pub weights: Vec<i16>,
    /// Added to each dimension before the shift.
    pub bias: [i32; DIMENSIONS],
    /// Bits that are shifted out, rounded.
    pub shift: u32,
}

impl Basis {
    /// The basis of a level, whose padded form has a rim of two places.
    pub fn of(level: &PyramidLevel, padded: &PyramidLevel) -> Self {
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
        let mut projections: Vec<f64> = components
            .iter()
            .flat_map(|component| (&centered * component).data.as_vec().clone())
            .map(f64::abs)
            .collect();
        projections.sort_by(f64::total_cmp);
        let top = projections[((projections.len() - 1) as f64 * HELD) as usize].max(1e-9);
        Self::quantized(
            &components
                .iter()
                .map(|c| c.iter().zip(&scale).map(|(c, s)| c * s * 127.0 / top).collect())
                .collect::<Vec<Vec<f64>>>(),
            &mean.iter().zip(&scale).map(|(m, s)| m / s).collect::<Vec<f64>>(),
        )
    }

    /// Integers for real weights, with the largest shift that keeps sums exact, so that the mean of the sample becomes 0.
    fn quantized(weights: &[Vec<f64>], mean: &[f64]) -> Self {
        let largest = |shift: u32| {
            let sum =
                |weights: &Vec<f64>| weights.iter().map(|w| (w * f64::from(1u32 << shift)).round().abs()).sum::<f64>();
            weights.iter().map(sum).fold(0.0, f64::max)
        };
        let shift = (0..MAX_SHIFT).take_while(|shift| largest(*shift) <= MAX_WEIGHT).last().unwrap_or(0);
        // Weights of a level without contrast may not even fit unshifted; they are scaled down.
        let cut = (MAX_WEIGHT / largest(shift).max(1.0)).min(1.0);
        let integer = |w: &f64| (w * f64::from(1u32 << shift) * cut).round() as i16;
        let integers: Vec<Vec<i16>> = weights.iter().map(|weights| weights.iter().map(integer).collect()).collect();
        let mut bias = [0; DIMENSIONS];
        for (bias, weights) in bias.iter_mut().zip(&integers) {
            *bias = -weights.iter().zip(mean).map(|(w, m)| f64::from(*w) * m).sum::<f64>().round() as i32;
        }
        Self { weights: integers.concat(), bias, shift }
    }

    /// The appearance vector of every place of a level.
    pub fn appearance(&self, level: &PyramidLevel, padded: &PyramidLevel) -> Vec<[i8; DIMENSIONS]> {
        let row_length = SIDE * level.channels;
        let length = SIDE * row_length;
        let round = if self.shift == 0 { 0 } else { 1 << (self.shift - 1) };
        let mut vectors = vec![[0; DIMENSIONS]; level.height * level.width];
        vectors.par_chunks_mut(level.width).enumerate().for_each(|(row, vectors)| {
            let mut neighbourhood = vec![0; length];
            for (column, vector) in vectors.iter_mut().enumerate() {
                copy_neighbourhood(padded, row, column, &mut neighbourhood);
                for (k, value) in vector.iter_mut().enumerate() {
                    let weights = &self.weights[k * length..][..length];
                    let products =
                        weights.iter().zip(&neighbourhood).map(|(w, v)| i32::from(*w).wrapping_mul((*v).into()));
                    *value = ((products.fold(0, i32::wrapping_add) + self.bias[k] + round) >> self.shift)
                        .clamp(-127, 127) as i8;
                }
            }
        });
        vectors
    }
}

/// The 5 x 5 neighbourhood of a place; `padded` has a rim of two places.
fn copy_neighbourhood(padded: &PyramidLevel, row: usize, column: usize, to: &mut [i16]) {
    let length = SIDE * padded.channels;
    for (down, to) in to.chunks_mut(length).enumerate() {
        let first = ((row + down) * padded.width + column) * padded.channels;
        to.copy_from_slice(&padded.values[first..first + length]);
    }
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

/// The padded form of a level that [`Basis`] needs.
pub fn padded(level: &PyramidLevel, edges: Edges) -> PyramidLevel {
    level.padded(edges, RADIUS)
}
