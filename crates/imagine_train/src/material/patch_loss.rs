//! Patch loss of generated crops against real crops of their exemplar. It teaches colour, grain and shape of an exemplar
//! directly; the critic sees larger structure.
//!
//! Patches are compared together with their phase in the waves of the exemplar, which puts joints of bricks in their place.
//! Each generated crop is compared with one real crop of its group, so that a material with different parts is not averaged:
//! pairs are formed by the crops' means and deviations, each real crop once. The means of whole maps count apart from the
//! patches, in units of the spread between materials; on even maps they would outweigh them.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use imagine_graph::Tensor as Elements;
use rand::Rng;

use super::format::{CHANNELS, PLACES};
use crate::gan::scalar;
use crate::loss::{TextureLoss, TextureLossOptions};

/// Added to a real crop's deviation before dividing by it, which bounds the weight of even channels.
const SOFT: f32 = 0.04;
/// Spread of channel means between materials.
const SPREAD: f32 = 0.1;
/// Weight of transport on the finest level, where grain has no best patch.
const FINEST_TRANSPORT: f32 = 0.5;
/// Weight of the sliced term: between crops of one exemplar, transport hardly distinguishes a dull picture from a good one.
const SLICED: f32 = 3.0;

/// Conditions of a batch of real crops.
pub(super) struct RealCrops<'a> {
    /// `[count, CHANNELS]`: 1 for present maps.
    pub present: &'a [f32],
    /// `[count, PLACES, side, side]`: each texel's phase, the same for the real and the generated crop.
    pub places: &'a Elements,
    /// Consecutive crops of one exemplar and scale.
    pub group: usize,
}

impl RealCrops<'_> {
    fn places(&self) -> &[f32] {
        self.places.as_f32().expect("places are numbers")
    }

    /// Squared distance between the phases of the first texels of two crops.
    fn apart(&self, one: usize, other: usize) -> f32 {
        let plane = self.places().len() / (PLACES * self.places.shape[0]);
        let first = |crop: usize, channel: usize| self.places()[(crop * PLACES + channel) * plane];
        (0..PLACES).map(|channel| (first(one, channel) - first(other, channel)).powi(2)).sum()
    }
}

/// The mean distance between generated crops and their real partners, and its gradient at the generated crops.
pub(super) fn gradient<A: AutodiffBackend>(
    generated: Tensor<A::InnerBackend, 4>,
    real: Tensor<A::InnerBackend, 4>,
    crops: &RealCrops,
    patches: usize,
    rng: &mut impl Rng,
) -> (f32, Tensor<A::InnerBackend, 4>) {
    let [found, wanted] = [&generated, &real].map(|crops| moments(crops.clone()));
    let options = TextureLossOptions {
        patches,
        finest_transport: FINEST_TRANSPORT,
        sliced: SLICED,
        positions: PLACES,
        ..TextureLossOptions::default()
    };
    let partners = partners(&found, &wanted, crops);
    let [count, _, height, width] = generated.dims();
    let device = generated.device();
    let inner =
        |values: Vec<f32>, shape| Tensor::<A::InnerBackend, 4>::from_data(TensorData::new(values, shape), &device);
    let places = inner(crops.places().to_vec(), [count, PLACES, height, width]);
    let of_partners = |of: &dyn Fn(f32, f32) -> f32| {
        let rows = partners.iter().flat_map(|partner| {
            let present = &crops.present[partner * CHANNELS..][..CHANNELS];
            present.iter().zip(&wanted[*partner][CHANNELS..]).map(|(present, deviation)| of(*present, *deviation))
        });
        inner(rows.collect(), [count, CHANNELS, 1, 1])
    };
    let contrast = of_partners(&|present, deviation| present / (deviation + SOFT));
    let spread = of_partners(&|present, _| present / SPREAD);
    let [real, there] = [real, places.clone()].map(|tensor| in_order(tensor, &partners));
    let ours = Tensor::<A, 4>::from_inner(generated.clone()).require_grad();
    let (own_means, own) = centred(ours.clone());
    let (real_means, real) = centred(real);
    let loss = TextureLoss::of_crops(Tensor::cat(vec![real * contrast.clone(), there], 1), options);
    let own = Tensor::cat(vec![own * Tensor::from_inner(contrast), Tensor::from_inner(places)], 1);
    let off = (own_means - Tensor::from_inner(real_means)) * Tensor::from_inner(spread);
    let mean = loss.terms(own, rng).total + off.powi_scalar(2).mean();
    let distance = scalar(mean.clone().inner());
    let gradient = ours.grad_remove(&mut mean.backward()).unwrap_or_else(|| generated.zeros_like());
    (distance, gradient)
}

/// The crops with these indices.
fn in_order<B: Backend>(crops: Tensor<B, 4>, indices: &[usize]) -> Tensor<B, 4> {
    let indices: Vec<i32> = indices.iter().map(|index| *index as i32).collect();
    let data = TensorData::new(indices, [crops.dims()[0]]).convert::<B::IntElem>();
    let device = crops.device();
    crops.select(0, Tensor::from_data(data, &device))
}

/// Channel means of crops, and the crops minus their means.
fn centred<B: Backend>(crops: Tensor<B, 4>) -> (Tensor<B, 4>, Tensor<B, 4>) {
    let means = crops.clone().mean_dim(2).mean_dim(3);
    (means.clone(), crops - means)
}

/// Means, then deviations, of each crop's channels.
fn moments<B: Backend>(crops: Tensor<B, 4>) -> Vec<Vec<f32>> {
    let [count, channels, height, width] = crops.dims();
    let rows = crops.reshape([count, channels, height * width]);
    let moments = Tensor::cat(vec![rows.clone().mean_dim(2), rows.var_bias(2).sqrt()], 1);
    let values = moments.into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default();
    values.chunks_exact(2 * channels).map(<[f32]>::to_vec).collect()
}

/// The index of each generated crop's real partner in its group: nearest pairs first, by moments and phase.
fn partners(found: &[Vec<f32>], wanted: &[Vec<f32>], crops: &RealCrops) -> Vec<usize> {
    let distance = |own: usize, other: usize| -> f32 {
        let present = crops.present[other * CHANNELS..][..CHANNELS].iter().cycle();
        let pairs = found[own].iter().zip(&wanted[other]).zip(present);
        pairs.map(|((a, b), present)| present * (a - b).powi(2)).sum::<f32>() + crops.apart(own, other)
    };
    let mut partners = vec![0; found.len()];
    for first in (0..found.len()).step_by(crops.group) {
        let mut own: Vec<usize> = (first..found.len().min(first + crops.group)).collect();
        let mut others = own.clone();
        while !own.is_empty() {
            let pairs = own.iter().flat_map(|a| others.iter().map(|b| (distance(*a, *b), *a, *b)));
            let Some((_, a, b)) = pairs.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
            partners[a] = b;
            own.retain(|index| *index != a);
            others.retain(|index| *index != b);
        }
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::data::tests::synthetic_set;
    use burn::backend::{Autodiff, Flex};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const SIDE: usize = 32;

    #[test]
    fn the_gradient_leads_crops_to_the_real_ones_that_are_like_them() {
        let mut rng = StdRng::seed_from_u64(3);
        let batch = synthetic_set().draw(4, 2, SIDE, &mut rng);
        let places = Elements::f32([4, PLACES, SIDE, SIDE], vec![0.0; 4 * PLACES * SIDE * SIDE]);
        let crops = RealCrops { present: &batch.present, places: &places, group: 2 };
        let shape = [4, CHANNELS, SIDE, SIDE];
        let real = Tensor::<Flex, 4>::from_data(TensorData::new(batch.values.clone(), shape), &Default::default());
        // The crops of a group change places and lose contrast.
        let order = Tensor::from_data([1, 0, 3, 2], &Default::default());
        let mut generated = real.clone().select(0, order).mul_scalar(0.5).add_scalar(0.1);
        let first = gradient::<Autodiff<Flex>>(generated.clone(), real.clone(), &crops, 128, &mut rng).0;
        let steps = 60u8;
        for step in 0..steps {
            let (_, slope) = gradient::<Autodiff<Flex>>(generated.clone(), real.clone(), &crops, 128, &mut rng);
            let length = scalar(slope.clone().powi_scalar(2).sum()).sqrt();
            generated = generated - slope * (0.3 / length * (1.0 - f32::from(step) / f32::from(steps)));
        }
        let last = gradient::<Autodiff<Flex>>(generated.clone(), real.clone(), &crops, 128, &mut rng).0;
        assert!(last < 0.75 * first, "{first} {last}");
    }

    #[test]
    fn partners_are_the_nearest_pairs_of_a_group_by_maps_that_are_there() {
        let row = |color: f32, height: f32| {
            let mut row = vec![0.0; 2 * CHANNELS];
            (row[0], row[5]) = (color, height);
            row
        };
        let (found, wanted) =
            ([row(0.1, 0.9), row(0.8, 0.0), row(0.4, 0.0)], [row(0.9, 0.9), row(0.2, 0.0), row(0.1, 0.0)]);
        let mut present = vec![1.0; 3 * CHANNELS];
        (0..3).for_each(|crop| present[crop * CHANNELS + 5] = 0.0);
        let mut places = vec![0.0; 3 * PLACES];
        let told = |places: &[f32]| Elements::f32([3, PLACES, 1, 1], places);
        let same = told(&places);
        assert_eq!(partners(&found, &wanted, &RealCrops { present: &present, places: &same, group: 2 }), [1, 0, 2]);
        // The first two are half a cycle apart.
        (places[0], places[PLACES]) = (-0.9, 0.9);
        let apart = told(&places);
        assert_eq!(partners(&found, &wanted, &RealCrops { present: &present, places: &apart, group: 2 }), [0, 1, 2]);
    }
}
