//! 5x5 patches of images at random positions, as rows of matrices.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};
use rand::Rng;

/// Pixels along a patch's side.
pub const SIDE: usize = 5;

/// Top left corners of patches in a batch of images, as many in each set of consecutive images.
#[derive(Clone, Debug, PartialEq)]
pub struct Positions {
    /// Sets of patches.
    pub sets: usize,
    /// Image in the batch, row and column, set by set.
    pub corners: Vec<[usize; 3]>,
}

impl Positions {
    /// For each of `sets` sets, `count` different positions (all, if there are fewer) in its `batch` images of `height` by
    /// `width` pixels. Images that do not tile need at least [`SIDE`] pixels a side; patches stay inside them.
    pub fn random(
        sets: usize,
        [batch, height, width]: [usize; 3],
        tiles: bool,
        count: usize,
        rng: &mut impl Rng,
    ) -> Self {
        let (rows, columns) = if tiles { (height, width) } else { (height + 1 - SIDE, width + 1 - SIDE) };
        let all = batch * rows * columns;
        let mut corners = Vec::with_capacity(sets * count.min(all));
        for set in 0..sets {
            let chosen = rand::seq::index::sample(rng, all, count.min(all));
            let corner = |i: usize| [set * batch + i / (rows * columns), i / columns % rows, i % columns];
            corners.extend(chosen.iter().map(corner));
        }
        Self { sets, corners }
    }

    /// Positions per set.
    pub fn each(&self) -> usize {
        self.corners.len() / self.sets
    }

    /// The patches `[set, position, row * column * channel]` of `images` `[batch, channels, height, width]`, which wrap.
    pub fn extract<B: Backend>(&self, images: Tensor<B, 4>) -> Tensor<B, 3> {
        let [batch, channels, height, width] = images.dims();
        let device = images.device();
        let pixels = images.permute([0, 2, 3, 1]).reshape([batch * height * width, channels]);
        let numbers = |values: Vec<i32>, shape: [usize; 2]| {
            Tensor::<B, 2, Int>::from_data(TensorData::new(values, shape).convert::<B::IntElem>(), &device)
        };
        let corners = numbers(self.corners.iter().flatten().map(|at| *at as i32).collect(), [self.corners.len(), 3]);
        let [image, top, left] = [0, 1, 2].map(|axis| corners.clone().narrow(1, axis, 1));
        let within = |of: fn(usize) -> usize| {
            numbers((0..SIDE * SIDE).map(|pixel| of(pixel) as i32).collect(), [1, SIDE * SIDE])
        };
        let row = (top + within(|pixel| pixel / SIDE)).remainder_scalar(height as i32);
        let column = (left + within(|pixel| pixel % SIDE)).remainder_scalar(width as i32);
        let indices = (image.mul_scalar(height as i32) + row).mul_scalar(width as i32) + column;
        pixels.select(0, indices.flatten(0, 1)).reshape([self.sets, self.each(), SIDE * SIDE * channels])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Flex;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn patches_wrap_and_keep_their_order() {
        let device = Default::default();
        let image = Tensor::<Flex, 1, Int>::arange(0..72, &device).float().reshape([1, 2, 6, 6]);
        let patch = Positions { sets: 1, corners: vec![[0, 4, 5]] }.extract(image);
        let values = patch.into_data().to_vec::<f32>().unwrap();
        assert_eq!(values.len(), 50);
        assert_eq!(values[..4], [29.0, 65.0, 24.0, 60.0]);
        assert_eq!(values[10..12], [35.0, 71.0]);
        assert_eq!(values[20..22], [5.0, 41.0]);
        assert_eq!(values[48..], [15.0, 51.0]);
    }

    #[test]
    fn positions_are_different_and_stay_inside() {
        let mut rng = StdRng::seed_from_u64(1);
        let inside = Positions::random(1, [2, 8, 9], false, 1000, &mut rng);
        assert_eq!(inside.corners.len(), 2 * 4 * 5);
        assert!(inside.corners.iter().all(|&[n, y, x]| n < 2 && y < 4 && x < 5));
        let mut sorted = Positions::random(1, [2, 8, 9], true, 30, &mut rng).corners;
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), 30);
    }

    #[test]
    fn every_set_has_patches_of_its_own_images() {
        let device = Default::default();
        // Each of the six images is filled with its index.
        let images = Tensor::<Flex, 1, Int>::arange(0..6, &device).float().reshape([6, 1, 1, 1]).expand([6, 1, 7, 7]);
        let positions = Positions::random(3, [2, 7, 7], false, 10, &mut StdRng::seed_from_u64(1));
        let patches = positions.extract(images);
        assert_eq!(patches.dims(), [3, 10, 25]);
        let values = patches.into_data().to_vec::<f32>().unwrap();
        for (set, values) in values.chunks_exact(250).enumerate() {
            assert!(values.iter().all(|value| *value as usize / 2 == set), "{set}: {values:?}");
        }
    }
}
