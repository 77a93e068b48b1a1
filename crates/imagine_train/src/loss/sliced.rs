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

/// The columns of patches: `pixel * channels + channel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Channels of a pixel.
    pub channels: usize,
    /// How many of the last channels hold positions; they are not compared by themselves.
    pub positions: usize,
}

/// Mean squared difference of sorted filter responses, in units of the exemplar's deviation.
///
/// Both are `[set, patch, width]`, with equally many patches. Each set has its own filters: half of them see the first three
/// channels (colour), half a random mix of up to three compared channels. A random mix of the positions is added to every
/// other pair of responses, which compares the joint distribution of appearance and position.
pub fn loss<B: AutodiffBackend>(
    generated: Tensor<B, 3>,
    exemplar: Tensor<B::InnerBackend, 3>,
    columns: Columns,
    rng: &mut impl Rng,
) -> Tensor<B, 1> {
    let [sets, _, width] = generated.dims();
    let device = generated.device();
    let matrices = |draw: &mut dyn FnMut() -> Vec<f32>| {
        let values = (0..sets).flat_map(|_| draw()).collect();
        Tensor::<B::InnerBackend, 3>::from_data(TensorData::new(values, [sets, width, FILTERS]), &device)
    };
    let filters = matrices(&mut || random_filters(width, columns, rng));
    let mut wanted = exemplar.clone().matmul(filters.clone());
    let scale = (wanted.clone().var_bias(1).sqrt() + SOFT).recip();
    let mut found = generated.clone().matmul(Tensor::from_inner(filters)) * Tensor::from_inner(scale.clone());
    wanted = wanted * scale;
    if columns.positions > 0 {
        let mixes = matrices(&mut || position_mixes(width, columns, rng));
        wanted = wanted + exemplar.matmul(mixes.clone());
        found = found + generated.matmul(Tensor::from_inner(mixes));
    }
    let order = found.clone().inner().argsort(1);
    let found = found.gather(1, Tensor::<B, 3, Int>::from_inner(order));
    (found - Tensor::from_inner(wanted.sort(1))).powi_scalar(2).mean()
}

/// `[width, FILTERS]` in row-major order; each filter has mean square 1 over the channels that it sees.
fn random_filters(width: usize, Columns { channels, positions }: Columns, rng: &mut impl Rng) -> Vec<f32> {
    let pixels = width / channels;
    let mut filters = vec![0.0; width * FILTERS];
    for filter in 0..FILTERS {
        let most = MOST_CHANNELS.min(channels - positions);
        let seen: Vec<usize> = if filter % 2 == 0 {
            (0..most).collect()
        } else {
            let count = rng.random_range(1..=most);
            index::sample(rng, channels - positions, count).into_vec()
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

/// `[width, FILTERS]`: for every other pair of filters, random weights of the mean positions.
fn position_mixes(width: usize, Columns { channels, positions }: Columns, rng: &mut impl Rng) -> Vec<f32> {
    let pixels = width / channels;
    let mut mixes = vec![0.0; width * FILTERS];
    for filter in (0..FILTERS).filter(|filter| filter % 4 >= 2) {
        for channel in channels - positions..channels {
            let weight = normal(rng) / pixels as f32;
            (0..pixels).for_each(|pixel| mixes[(pixel * channels + channel) * FILTERS + filter] = weight);
        }
    }
    mixes
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
        let columns = Columns { channels: 2, positions: 0 };
        let mut against = |generated: Tensor<Flex, 3>| {
            loss::<Autodiff<Flex>>(Tensor::from_inner(generated), exemplar.clone(), columns, &mut rng).into_scalar()
        };
        assert!(against(exemplar.clone().flip([1])) < 1e-9);
        assert!(against(exemplar.clone().mul_scalar(0.5)) > 0.05);
    }

    #[test]
    fn patches_at_other_positions_than_the_exemplars_have_a_distance() {
        let device = Default::default();
        Flex::seed(&device, 5);
        // One channel and its position: bright on one side, dark on the other.
        let bright =
            Tensor::<Flex, 1, Int>::arange(0..64, &device).float().lower_elem(32.0).float().reshape([1, 64, 1]);
        let grain = Tensor::<Flex, 3>::random([1, 64, 1], Distribution::Normal(0.0, 0.2), &device);
        let place = bright.clone().mul_scalar(2.0).sub_scalar(1.0);
        let exemplar = Tensor::cat(vec![bright.clone() + grain.clone(), place.clone()], 2);
        let mut rng = StdRng::seed_from_u64(2);
        let mut against = |place: Tensor<Flex, 3>, positions: usize| {
            let generated = Tensor::cat(vec![bright.clone() + grain.clone(), place], 2);
            let columns = Columns { channels: 2, positions };
            loss::<Autodiff<Flex>>(Tensor::from_inner(generated), exemplar.clone(), columns, &mut rng).into_scalar()
        };
        assert!(against(place.clone(), 1) < 1e-9);
        assert!(against(place.neg(), 1) > 0.05);
    }
}
