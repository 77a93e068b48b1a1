//! The texture loss: transport and sliced terms over all pyramid levels.

use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use rand::Rng;

use super::patches::{Positions, SIDE};
use super::pyramid::pyramid;
use super::{sliced, transport};

/// Weights and sizes of the texture loss.
#[derive(Clone, Debug, PartialEq)]
pub struct TextureLossOptions {
    /// Pyramid levels; fewer if the coarsest would be smaller than a patch. Default 4.
    pub levels: usize,
    /// Patches compared per level, at most. Default 1024.
    pub patches: usize,
    /// Weight of the transport term on the finest level; 1 on all others. Less than 1 leaves fine grain, which has no best
    /// matching patch and would be averaged away, to the sliced term. Default 1.
    pub finest_transport: f32,
    /// Weight of the sliced term. Default 0.5.
    pub sliced: f32,
    /// Finest levels with a sliced term. Default 4.
    pub sliced_levels: usize,
    /// Whether generated images tile. Default true.
    pub images_tile: bool,
}

impl Default for TextureLossOptions {
    fn default() -> Self {
        Self { levels: 4, patches: 1024, finest_transport: 1.0, sliced: 0.5, sliced_levels: 4, images_tile: true }
    }
}

/// The loss and its terms, means over the levels.
#[derive(Clone, Debug)]
pub struct TextureTerms<B: AutodiffBackend> {
    /// The weighted sum, to be minimised.
    pub total: Tensor<B, 1>,
    /// The transport term.
    pub transport: Tensor<B, 1>,
    /// The sliced term, before its weight.
    pub sliced: Tensor<B, 1>,
}

/// The pyramids of one or several exemplars on a device.
#[derive(Clone, Debug)]
pub struct TextureLoss<B: Backend> {
    levels: Vec<Tensor<B, 4>>,
    /// Whether the exemplars tile.
    tiles: bool,
    options: TextureLossOptions,
}

impl<B: Backend> TextureLoss<B> {
    /// A loss of images against exemplars `[count, channels, height, width]`.
    pub fn new(exemplars: Tensor<B, 4>, tiles: bool, options: TextureLossOptions) -> Self {
        let [_, _, height, width] = exemplars.dims();
        let levels = level_count(options.levels, [height, width]);
        Self { levels: pyramid(exemplars, levels, tiles), tiles, options }
    }

    /// Compares `images` `[batch, channels, height, width]` with the exemplars, an equal share of the batch with each in turn.
    ///
    /// Positions and filters are drawn from `rng`: each call gives another sample of the loss.
    pub fn terms<A>(&self, images: Tensor<A, 4>, rng: &mut impl Rng) -> TextureTerms<A>
    where
        A: AutodiffBackend<InnerBackend = B>,
        B: Backend<Device = A::Device>,
    {
        let [_, channels, height, width] = images.dims();
        let count = level_count(self.options.levels, [height, width]).min(self.levels.len());
        let device = images.device();
        let mut sums = [(); 2].map(|()| Tensor::<A, 1>::zeros([1], &device));
        let sliced_levels = self.options.sliced_levels.clamp(1, count);
        for (index, level) in pyramid(images, count, self.options.images_tile).into_iter().enumerate() {
            let (found, wanted) = self.patches(level, index, rng);
            if index < sliced_levels && self.options.sliced > 0.0 {
                sums[1] = sums[1].clone() + sliced::loss(found.clone(), wanted.clone(), channels, rng);
            }
            let weight = if index == 0 { self.options.finest_transport } else { 1.0 };
            sums[0] = sums[0].clone() + transport::loss(found, wanted).mul_scalar(weight);
        }
        let [transport, sliced] = sums;
        let (transport, sliced) = (transport.div_scalar(count as f32), sliced.div_scalar(sliced_levels as f32));
        TextureTerms { total: transport.clone() + sliced.clone().mul_scalar(self.options.sliced), transport, sliced }
    }

    /// Patches of a generated level and as many of the exemplars', one set per exemplar.
    fn patches<A>(&self, level: Tensor<A, 4>, index: usize, rng: &mut impl Rng) -> (Tensor<A, 3>, Tensor<B, 3>)
    where
        A: AutodiffBackend<InnerBackend = B>,
    {
        let [batch, _, height, width] = level.dims();
        let exemplars = &self.levels[index];
        let [sets, _, rows, columns] = exemplars.dims();
        assert!(batch.is_multiple_of(sets), "{batch} images for {sets} exemplars");
        let each = batch / sets;
        let images_tile = self.options.images_tile;
        let places = |[images, height, width]: [usize; 3], tiles: bool| match tiles {
            true => images * height * width,
            false => images * (height + 1 - SIDE) * (width + 1 - SIDE),
        };
        // As many of both.
        let found = places([each, height, width], images_tile);
        let count = self.options.patches.min(found).min(places([1, rows, columns], self.tiles));
        let wanted = Positions::random(sets, [1, rows, columns], self.tiles, count, rng);
        let found = Positions::random(sets, [each, height, width], images_tile, count, rng);
        (found.extract(level), wanted.extract(exemplars.clone()))
    }
}

/// The number of levels, at most `most`, that halve even sides and still hold a patch.
fn level_count(most: usize, mut size: [usize; 2]) -> usize {
    let mut count = 1;
    while count < most && size.iter().all(|s| s.is_multiple_of(2) && s / 2 >= SIDE) {
        size = size.map(|s| s / 2);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::{Autodiff, Flex};
    use burn::tensor::TensorData;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const SIDE_PX: usize = 32;

    /// Soft round stones, one channel, zero mean and about unit variance.
    fn stones() -> Vec<f32> {
        let wave = |i: usize| (i as f32 * std::f32::consts::TAU / 8.0).sin();
        (0..SIDE_PX * SIDE_PX).map(|i| 2.0 * wave(i / SIDE_PX) * wave(i % SIDE_PX)).collect()
    }

    /// Blocks of `block` pixels in random order: right statistics up to that size, wrong ones above.
    fn shuffled(values: &[f32], block: usize, rng: &mut StdRng) -> Vec<f32> {
        let across = SIDE_PX / block;
        let order = index_order(across * across, rng);
        let mut result = vec![0.0; values.len()];
        for (to, from) in order.into_iter().enumerate() {
            for y in 0..block {
                for x in 0..block {
                    let at = |b: usize| (b / across * block + y) * SIDE_PX + b % across * block + x;
                    result[at(to)] = values[at(from)];
                }
            }
        }
        result
    }

    fn index_order(count: usize, rng: &mut StdRng) -> Vec<usize> {
        rand::seq::index::sample(rng, count, count).into_vec()
    }

    #[test]
    fn the_exemplar_scores_better_than_shuffled_and_flat_images() {
        let values = stones();
        let device = Default::default();
        let options = TextureLossOptions { levels: 2, patches: 256, ..TextureLossOptions::default() };
        let image = |values| Tensor::<Flex, 4>::from_data(TensorData::new(values, [1, 1, SIDE_PX, SIDE_PX]), &device);
        let loss = TextureLoss::new(image(values.clone()), true, options);
        let mut rng = StdRng::seed_from_u64(4);
        let coarse = shuffled(&values, 4, &mut rng);
        let fine = shuffled(&values, 1, &mut rng);
        let mut score = |values: Vec<f32>| {
            loss.terms(Tensor::<Autodiff<Flex>, 4>::from_inner(image(values)), &mut rng).total.into_scalar()
        };
        let [own, coarse, fine, flat] =
            [score(values), score(coarse), score(fine), score(vec![0.0; SIDE_PX * SIDE_PX])];
        assert!(own < 0.3 * coarse && coarse < fine && own < 0.1 * flat, "{own} {coarse} {fine} {flat}");
    }
}
