//! Square patches at chosen positions of an image on the torus.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};
use rand::Rng;
use rand::seq::index;

/// Side of a patch in pixels.
pub const PATCH: usize = 5;

/// Positions of patches in a batch of images: `image * height * width + row * width + column` of the first pixel.
pub fn random_positions(rng: &mut impl Rng, images: usize, pixels: usize, count: usize) -> Vec<usize> {
    let all = images * pixels;
    index::sample(rng, all, count.min(all)).into_vec()
}

/// Patches `[count, PATCH * PATCH * channels]` of the images `[n, channels, height, width]`.
pub fn patches<B: Backend>(images: &Tensor<B, 4>, positions: &[usize]) -> Tensor<B, 2> {
    let [n, channels, height, width] = images.dims();
    let pixels = images.clone().permute([0, 2, 3, 1]).reshape([n * height * width, channels]);
    let mut indices = Vec::with_capacity(positions.len() * PATCH * PATCH);
    for position in positions {
        let (image, row, column) = (position / (height * width), position / width % height, position % width);
        for y in 0..PATCH {
            for x in 0..PATCH {
                let (y, x) = ((row + y) % height, (column + x) % width);
                indices.push(((image * height + y) * width + x) as i64);
            }
        }
    }
    let count = indices.len();
    let indices = Tensor::<B, 1, Int>::from_data(TensorData::new(indices, [count]), &images.device());
    pixels.select(0, indices).reshape([positions.len(), PATCH * PATCH * channels])
}
