//! Sliced Wasserstein distance between patch distributions: compare sorted responses of random filters.
//!
//! Rabin et al. 2011; for textures Heitz et al. 2021, here on raw patches instead of network features.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rand::Rng;
use rand::seq::index;

use super::patches::PATCH;

/// Number of random filters in one evaluation.
pub const FILTERS: usize = 16;

/// Mean squared distance between the sorted filter responses of two equally large sets of patches `[p, d]`.
///
/// Each filter is divided by the spread of the exemplar's response, so that strong and weak structure count alike.
pub fn sliced_wasserstein<B: Backend>(generated: Tensor<B, 2>, exemplar: Tensor<B, 2>, filters: Tensor<B, 2>) -> Tensor<B, 1> {
    let target = exemplar.matmul(filters.clone()).sort(0);
    let mean = target.clone().mean_dim(0);
    let spread = (target.clone() - mean).powi_scalar(2).mean_dim(0).sqrt() + 0.05;
    let difference = (generated.matmul(filters).sort(0) - target) / spread;
    difference.powi_scalar(2).mean()
}

/// Filters `[PATCH * PATCH * channels, FILTERS]` of unit length: half of them on the first three channels, the other half
/// on up to three channels chosen at random.
pub fn random_filters<B: Backend>(rng: &mut impl Rng, channels: usize, device: &B::Device) -> Tensor<B, 2> {
    let rows = PATCH * PATCH * channels;
    let mut filters = vec![0.0f32; rows * FILTERS];
    for filter in 0..FILTERS {
        let count = channels.min(3);
        let chosen = if filter % 2 == 0 { (0..count).collect() } else { index::sample(rng, channels, count).into_vec() };
        let mut length = 0.0;
        for pixel in 0..PATCH * PATCH {
            for channel in &chosen {
                let value = (0..4).map(|_| rng.random_range(-1.0..1.0f32)).sum::<f32>();
                filters[(pixel * channels + channel) * FILTERS + filter] = value;
                length += value * value;
            }
        }
        (0..rows).for_each(|row| filters[row * FILTERS + filter] /= length.sqrt().max(1e-6));
    }
    Tensor::from_data(TensorData::new(filters, [rows, FILTERS]), device)
}
