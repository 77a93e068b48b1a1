//! Sliced distance: along random filters the sorted responses of both patch sets should be the same.

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor, TensorData};
use rand::Rng;
use rand::seq::index;

/// Filters drawn each time.
const FILTERS: usize = 16;
/// Most channels that one filter mixes.
const MOST_CHANNELS: usize = 3;
/// Added to the exemplar's standard deviation before dividing by it, so that silent filters stay silent.
const SOFT: f32 = 0.05;

/// Mean squared difference of sorted filter responses, in units of the exemplar's deviation.
///
/// Both matrices hold as many patches as rows, `pixel * channels + channel` as columns. Half of the filters see the first
/// three channels (colour), half a random mix of up to three.
pub fn loss<B: AutodiffBackend>(
    generated: Tensor<B, 2>,
    exemplar: Tensor<B::InnerBackend, 2>,
    channels: usize,
    rng: &mut impl Rng,
) -> Tensor<B, 1> {
    let [_, width] = generated.dims();
    let device = generated.device();
    let filters = random_filters(width, channels, rng);
    let filters = Tensor::<B::InnerBackend, 2>::from_data(TensorData::new(filters, [width, FILTERS]), &device);
    let wanted = exemplar.matmul(filters.clone());
    let scale = (wanted.clone().var_bias(0).sqrt() + SOFT).recip();
    let wanted = wanted.sort(0);
    let found = generated.matmul(Tensor::from_inner(filters));
    let order = found.clone().inner().argsort(0);
    let found = found.gather(0, Tensor::<B, 2, Int>::from_inner(order));
    ((found - Tensor::from_inner(wanted)) * Tensor::from_inner(scale)).powi_scalar(2).mean()
}

/// `[width, FILTERS]` in row-major order; every filter has mean square 1 over the channels that it sees.
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
                let normal = (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0;
                filters[(pixel * channels + channel) * FILTERS + filter] = normal * scale;
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
        let exemplar = Tensor::<Flex, 2>::random([64, 50], Distribution::Normal(0.0, 1.0), &device);
        let mut rng = StdRng::seed_from_u64(2);
        let mut against = |generated: Tensor<Flex, 2>| {
            loss::<Autodiff<Flex>>(Tensor::from_inner(generated), exemplar.clone(), 2, &mut rng).into_scalar()
        };
        assert!(against(exemplar.clone().flip([0])) < 1e-9);
        assert!(against(exemplar.clone().mul_scalar(0.5)) > 0.05);
    }
}
