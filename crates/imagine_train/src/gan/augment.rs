//! Differentiable augmentation: the critic's images, real and generated, are shifted, mirrored, recoloured and partly
//! covered, so that it cannot memorise the training pictures.
//!
//! Each change is a product with a random matrix, which autodiff handles as it is. Each happens with the probability
//! `strength`; below 1, the generator still learns the unchanged distribution (Karras et al., "Training Generative
//! Adversarial Networks with Limited Data", NeurIPS 2020). Hues stay, because prompts name them; there are no quarter turns,
//! because sprites have an upright position.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rand::Rng;

use crate::core::rng::normal;

/// Largest shift, as a share of the side: one part in so many.
const SHIFT: usize = 8;
/// Standard deviation of the logarithm of contrast and saturation.
const CONTRAST: f32 = 0.2;
/// Largest change of brightness.
const BRIGHTNESS: f32 = 0.15;

/// The random changes of one batch of premultiplied RGBA images.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Augmentation {
    count: usize,
    side: usize,
    /// `[count, 4, 4]`: output channel, input channel.
    color: Vec<f32>,
    /// `[count, side, side]`: output row, input row.
    rows: Vec<f32>,
    /// `[count, side, side]`: input column, output column.
    columns: Vec<f32>,
    /// `[count, side, side]`: 0 where the image is covered.
    mask: Vec<f32>,
}

impl Augmentation {
    /// Changes for `count` images of `side` by `side` pixels.
    pub fn draw(count: usize, side: usize, strength: f32, rng: &mut impl Rng) -> Self {
        let mut drawn = Self {
            count,
            side,
            color: Vec::with_capacity(count * 16),
            rows: Vec::with_capacity(count * side * side),
            columns: Vec::with_capacity(count * side * side),
            mask: Vec::with_capacity(count * side * side),
        };
        for _ in 0..count {
            drawn.color.extend(color(strength, rng));
            let most = (side / SHIFT) as i32;
            let mut shift = || if happens(strength, rng) { rng.random_range(-most..=most) } else { 0 };
            let [down, right] = [shift(), shift()];
            let mirrored = happens(0.5 * strength, rng);
            drawn.rows.extend(shift_matrix(side, down, false));
            drawn.columns.extend(transposed(&shift_matrix(side, right, mirrored), side));
            drawn.mask.extend(mask(side, strength, rng));
        }
        drawn
    }

    /// The changed images. `images` are `[count, 4, side, side]`.
    pub fn apply<B: Backend>(&self, images: Tensor<B, 4>) -> Tensor<B, 4> {
        let (count, side, device) = (self.count, self.side, images.device());
        let matrices = |values: &[f32]| {
            Tensor::<B, 4>::from_data(TensorData::new(values.to_vec(), [count, 1, side, side]), &device)
        };
        let color = Tensor::<B, 3>::from_data(TensorData::new(self.color.clone(), [count, 4, 4]), &device);
        let colored = color.matmul(images.reshape([count, 4, side * side])).reshape([count, 4, side, side]);
        // One matrix per channel, because not every backend broadcasts matrix products.
        let four = |values: &[f32]| matrices(values).repeat_dim(1, 4);
        four(&self.rows).matmul(colored).matmul(four(&self.columns)) * matrices(&self.mask)
    }
}

fn happens(probability: f32, rng: &mut impl Rng) -> bool {
    rng.random::<f32>() < probability
}

/// Contrast around mid-grey, saturation and brightness; coverage stays.
fn color(strength: f32, rng: &mut impl Rng) -> [f32; 16] {
    let mut drawn = |deviation: f32| if happens(strength, rng) { (normal(rng) * deviation).exp() } else { 1.0 };
    let (contrast, saturation) = (drawn(CONTRAST), drawn(CONTRAST));
    let brightness = if happens(strength, rng) { rng.random_range(-BRIGHTNESS..BRIGHTNESS) } else { 0.0 };
    let offset = 0.5 * (1.0 - contrast) + brightness;
    std::array::from_fn(|index| match (index / 4, index % 4) {
        (3, 3) => 1.0,
        (3, _) => 0.0,
        (_, 3) => offset,
        (to, from) => contrast * ((1.0 - saturation) / 3.0 + if to == from { saturation } else { 0.0 }),
    })
}

/// `[side, side]`: 1 where an output row or column copies an input one.
fn shift_matrix(side: usize, shift: i32, mirrored: bool) -> Vec<f32> {
    let mut matrix = vec![0.0; side * side];
    for to in 0..side {
        let from = to as i32 - shift;
        if (0..side as i32).contains(&from) {
            let from = from as usize;
            matrix[to * side + if mirrored { side - 1 - from } else { from }] = 1.0;
        }
    }
    matrix
}

fn transposed(matrix: &[f32], side: usize) -> Vec<f32> {
    (0..side * side).map(|at| matrix[at % side * side + at / side]).collect()
}

/// A random square of half the side that covers the image.
fn mask(side: usize, strength: f32, rng: &mut impl Rng) -> Vec<f32> {
    if !happens(strength, rng) {
        return vec![1.0; side * side];
    }
    let half = side as i32 / 2;
    let [top, left] = [(); 2].map(|()| rng.random_range(0..side as i32) - half / 2);
    let covers = |at: usize, first: i32| (first..first + half).contains(&(at as i32));
    (0..side * side).map(|at| f32::from(u8::from(!(covers(at / side, top) && covers(at % side, left))))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::{Autodiff, Flex};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn image(count: usize, side: usize) -> Vec<f32> {
        (0..count * 4 * side * side).map(|i| (i * 37 % 101) as f32 / 101.0).collect()
    }

    fn tensor<B: Backend>(values: Vec<f32>, shape: [usize; 4]) -> Tensor<B, 4> {
        Tensor::from_data(TensorData::new(values, shape), &Default::default())
    }

    #[test]
    fn without_strength_nothing_changes() {
        let x = tensor::<Flex>(image(3, 8), [3, 4, 8, 8]);
        let y = Augmentation::draw(3, 8, 0.0, &mut StdRng::seed_from_u64(0)).apply(x.clone());
        assert_eq!(x.into_data(), y.into_data());
    }

    #[test]
    fn shifts_and_mirrors_are_exact() {
        let side = 4;
        let drawn = Augmentation {
            count: 1,
            side,
            color: color(0.0, &mut StdRng::seed_from_u64(0)).to_vec(),
            rows: shift_matrix(side, 1, false),
            columns: transposed(&shift_matrix(side, -1, true), side),
            mask: vec![1.0; 16],
        };
        let x = image(1, side);
        let y: Vec<f32> = drawn.apply(tensor::<Flex>(x.clone(), [1, 4, side, side])).into_data().to_vec().unwrap();
        for (row, column) in [(1, 0), (3, 2), (2, 1)] {
            // One row down, one column to the left, then mirrored.
            assert_eq!(y[row * side + column], x[(row - 1) * side + (side - 2 - column)]);
        }
        assert!(y[..side].iter().all(|v| *v == 0.0));
    }

    #[test]
    fn gradients_pass_where_the_image_is_not_covered() {
        type A = Autodiff<Flex>;
        let drawn = Augmentation::draw(8, 32, 1.0, &mut StdRng::seed_from_u64(5));
        assert_eq!(drawn, Augmentation::draw(8, 32, 1.0, &mut StdRng::seed_from_u64(5)));
        let x = tensor::<A>(image(8, 32), [8, 4, 32, 32]).require_grad();
        let gradients = drawn.apply(x.clone()).sum().backward();
        let gradient: Vec<f32> = x.grad(&gradients).unwrap().into_data().to_vec().unwrap();
        let zeros = gradient.iter().filter(|g| **g == 0.0).count();
        assert!(zeros > 0 && zeros < gradient.len() / 2, "{zeros} of {}", gradient.len());
    }
}
