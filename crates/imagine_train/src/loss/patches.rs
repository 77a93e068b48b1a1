//! 5x5 patches of an image at random positions, as rows of a matrix.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};
use rand::Rng;

/// Pixels along a patch's side.
pub const SIDE: usize = 5;

/// Where patches are taken from: top left corners in a batch of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Positions {
    /// Image in the batch, row and column.
    pub corners: Vec<[usize; 3]>,
}

impl Positions {
    /// `count` different positions (or all, if there are fewer) in `batch` images of `height` by `width` pixels. In an
    /// image that does not tile patches stay inside; it must then have at least [`SIDE`] pixels a side.
    pub fn random([batch, height, width]: [usize; 3], tiles: bool, count: usize, rng: &mut impl Rng) -> Self {
        let (rows, columns) = if tiles { (height, width) } else { (height + 1 - SIDE, width + 1 - SIDE) };
        let all = batch * rows * columns;
        let chosen = rand::seq::index::sample(rng, all, count.min(all));
        Self { corners: chosen.iter().map(|i| [i / (rows * columns), i / columns % rows, i % columns]).collect() }
    }

    /// The patches `[position, row * column * channel]` of `images` `[batch, channels, height, width]`; they wrap.
    pub fn extract<B: Backend>(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        let [batch, channels, height, width] = images.dims();
        let device = images.device();
        let pixels = images.permute([0, 2, 3, 1]).reshape([batch * height * width, channels]);
        let mut indices = Vec::with_capacity(self.corners.len() * SIDE * SIDE);
        for &[image, top, left] in &self.corners {
            for dy in 0..SIDE {
                let row = (image * height + (top + dy) % height) * width;
                indices.extend((0..SIDE).map(|dx| (row + (left + dx) % width) as i32));
            }
        }
        let count = indices.len();
        let indices = TensorData::new(indices, [count]).convert::<B::IntElem>();
        let indices = Tensor::<B, 1, Int>::from_data(indices, &device);
        pixels.select(0, indices).reshape([self.corners.len(), SIDE * SIDE * channels])
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
        let patch = Positions { corners: vec![[0, 4, 5]] }.extract(image);
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
        let inside = Positions::random([2, 8, 9], false, 1000, &mut rng);
        assert_eq!(inside.corners.len(), 2 * 4 * 5);
        assert!(inside.corners.iter().all(|&[n, y, x]| n < 2 && y < 4 && x < 5));
        let mut sorted = Positions::random([2, 8, 9], true, 30, &mut rng).corners;
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), 30);
    }
}
