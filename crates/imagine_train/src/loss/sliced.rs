//! Sliced distance: along random filters the sorted responses of both patch sets should be the same.

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor, TensorData};
use rand::Rng;
use rand::seq::index;

use crate::architecture::normal;

/// Filters drawn each time.
const FILTERS: usize = 16;
/// Most channels that one filter mixes.
const MOST_CHANNELS: usize = 3;
/// Added to the exemplar's standard deviation before dividing by it, so that silent filters stay silent.
const SOFT: f32 = 0.05;

/// What the columns of patches are: `pixel * channels + channel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Channels of a pixel.
    pub channels: usize,
    /// How many of them, the last, tell where a patch lies; what differs there is nobody's fault.
    pub told: usize,
}

/// Mean squared difference of sorted filter responses, in units of the exemplar's deviation.
///
/// Both are `[set, patch, width]`, with as many patches. Every set has filters of its own. Half of them see the first three channels (colour),
/// half a random mix of up to three of those that are compared. To every other pair of responses a random mix of what is told is added:
/// what is compared is then how both go together.
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
    if columns.told > 0 {
        let places = matrices(&mut || random_places(width, columns, rng));
        wanted = wanted + exemplar.matmul(places.clone());
        found = found + generated.matmul(Tensor::from_inner(places));
    }
    let order = found.clone().inner().argsort(1);
    let found = found.gather(1, Tensor::<B, 3, Int>::from_inner(order));
    (found - Tensor::from_inner(wanted.sort(1))).powi_scalar(2).mean()
}

/// `[width, FILTERS]` in row-major order; every filter has mean square 1 over the channels that it sees.
fn random_filters(width: usize, Columns { channels, told }: Columns, rng: &mut impl Rng) -> Vec<f32> {
    let pixels = width / channels;
    let mut filters = vec![0.0; width * FILTERS];
    for filter in 0..FILTERS {
        let most = MOST_CHANNELS.min(channels - told);
        let seen: Vec<usize> = if filter % 2 == 0 {
            (0..most).collect()
        } else {
            let count = rng.random_range(1..=most);
            index::sample(rng, channels - told, count).into_vec()
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

/// `[width, FILTERS]`: of every other pair of filters normal weights of the means of what is told.
fn random_places(width: usize, Columns { channels, told }: Columns, rng: &mut impl Rng) -> Vec<f32> {
    let pixels = width / channels;
    let mut places = vec![0.0; width * FILTERS];
    for filter in (0..FILTERS).filter(|filter| filter % 4 >= 2) {
        for channel in channels - told..channels {
            let weight = normal(rng) / pixels as f32;
            (0..pixels).for_each(|pixel| places[(pixel * channels + channel) * FILTERS + filter] = weight);
        }
    }
    places
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
        let columns = Columns { channels: 2, told: 0 };
        let mut against = |generated: Tensor<Flex, 3>| {
            loss::<Autodiff<Flex>>(Tensor::from_inner(generated), exemplar.clone(), columns, &mut rng).into_scalar()
        };
        assert!(against(exemplar.clone().flip([1])) < 1e-9);
        assert!(against(exemplar.clone().mul_scalar(0.5)) > 0.05);
    }

    #[test]
    fn patches_at_other_places_than_the_exemplars_are_another_set() {
        let device = Default::default();
        Flex::seed(&device, 5);
        // A pixel of one channel and its place: bright on one side, dark on the other.
        let bright =
            Tensor::<Flex, 1, Int>::arange(0..64, &device).float().lower_elem(32.0).float().reshape([1, 64, 1]);
        let grain = Tensor::<Flex, 3>::random([1, 64, 1], Distribution::Normal(0.0, 0.2), &device);
        let place = bright.clone().mul_scalar(2.0).sub_scalar(1.0);
        let exemplar = Tensor::cat(vec![bright.clone() + grain.clone(), place.clone()], 2);
        let mut rng = StdRng::seed_from_u64(2);
        let mut against = |place: Tensor<Flex, 3>, told: usize| {
            let generated = Tensor::cat(vec![bright.clone() + grain.clone(), place], 2);
            let columns = Columns { channels: 2, told };
            loss::<Autodiff<Flex>>(Tensor::from_inner(generated), exemplar.clone(), columns, &mut rng).into_scalar()
        };
        assert!(against(place.clone(), 1) < 1e-9);
        assert!(against(place.neg(), 1) > 0.05);
    }
}
