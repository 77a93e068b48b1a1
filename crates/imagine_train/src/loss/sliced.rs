//! Sliced Wasserstein distance: the sorted responses of two patch sets to random filters should be equal.

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor, TensorData};
use rand::Rng;
use rand::seq::index;

use crate::core::rng::normal;

/// Filters per call.
const FILTERS: usize = 16;
/// Channels that one filter mixes, at most.
const MOST_CHANNELS: usize = 3;
/// Added to the exemplar's standard deviation before dividing by it, so that weak responses stay weak.
const SOFT: f32 = 0.05;

/// Mean squared difference of sorted filter responses, in units of the exemplar's deviation.
///
/// Both are `[set, patch, pixel * channels + channel]`, with equally many patches. Each set has its own filters: half of them
/// see the first three channels (colour), half a random mix of up to three.
pub fn loss<B: AutodiffBackend>(
    generated: Tensor<B, 3>,
    exemplar: Tensor<B::InnerBackend, 3>,
    channels: usize,
    rng: &mut impl Rng,
) -> Tensor<B, 1> {
    let [sets, _, width] = generated.dims();
    let device = generated.device();
    let filters: Vec<f32> = (0..sets).flat_map(|_| random_filters(width, channels, rng)).collect();
    let filters = Tensor::<B::InnerBackend, 3>::from_data(TensorData::new(filters, [sets, width, FILTERS]), &device);
    let wanted = exemplar.matmul(filters.clone());
    let scale = (wanted.clone().var_bias(1).sqrt() + SOFT).recip();
    let wanted = wanted * scale.clone();
    let found = generated.matmul(Tensor::from_inner(filters)) * Tensor::from_inner(scale);
    let order = found.clone().inner().argsort(1);
    let found = found.gather(1, Tensor::<B, 3, Int>::from_inner(order));
    (found - Tensor::from_inner(wanted.sort(1))).powi_scalar(2).mean()
}

/// `[width, FILTERS]` in row-major order; each filter has mean square 1 over the channels that it sees.
fn random_filters(width: usize, channels: usize, rng: &mut impl Rng) -> Vec<f32> {
    let pixels = width / channels;
    let mut filters = vec![0.0; width * FILTERS];
    for filter in 0..FILTERS {
        let most = MOST_CHANNELS.min(channels);
        let seen: Vec<usize> = if filter % 2 == 0 {
            (0..most).collect()
        } else {
            let count = rng.random_range(1..=most);
            index::sample(rng, channels, count).into_vec()
        };
        let scale = ((pixels * seen.len()) as f32).sqrt().recip();
        for pixel in 0..pixels {
            for &channel in &seen {
                filters[(pixel * channels + channel) * FILTERS + filter] = normal(rng) * scale;
            }
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::{Autodiff, Flex};
    use burn::tensor::{Distribution, backend::Backend};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn the_order_of_patches_does_not_matter_and_their_spread_does() {
        let device = Default::default();
        Flex::seed(&device, 5);
        let exemplar = Tensor::<Flex, 3>::random([1, 64, 50], Distribution::Normal(0.0, 1.0), &device);
        let mut rng = StdRng::seed_from_u64(2);
        let mut against = |generated: Tensor<Flex, 3>| {
            loss::<Autodiff<Flex>>(Tensor::from_inner(generated), exemplar.clone(), 2, &mut rng).into_scalar()
        };
        assert!(against(exemplar.clone().flip([1])) < 1e-9);
        assert!(against(exemplar.clone().mul_scalar(0.5)) > 0.05);
    }
}
