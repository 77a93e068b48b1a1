//! Patch transport: entropy-regularised optimal transport (Sinkhorn) between two patch sets, hardened to one target patch
//! per generated patch.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor};

/// Sinkhorn iterations; further ones hardly change the assignment.
const ITERATIONS: usize = 15;
/// Regularisation, relative to the mean cost.
const SHARPNESS: f32 = 0.03;
/// Keeps divisions by vanishing mass finite.
const TINY: f32 = 1e-12;

/// Mean squared distance between each generated patch and the exemplar patch that transport assigns to it.
///
/// `generated` and `exemplar` are `[set, patch, width]`, with equal sets and width. The assignment carries no gradient.
pub fn loss<B: AutodiffBackend>(generated: Tensor<B, 3>, exemplar: Tensor<B::InnerBackend, 3>) -> Tensor<B, 1> {
    let targets = assign(generated.clone().inner(), exemplar.clone());
    let [sets, each, width] = exemplar.dims();
    let targets = exemplar.reshape([sets * each, width]).select(0, targets.flatten(0, 1)).reshape(generated.dims());
    (generated - Tensor::from_inner(targets)).powi_scalar(2).mean()
}

/// The index, among the exemplar patches of all sets, of each generated patch's target: `[set, patch]`.
pub fn assign<B: Backend>(generated: Tensor<B, 3>, exemplar: Tensor<B, 3>) -> Tensor<B, 2, Int> {
    let [sets, rows, _] = generated.dims();
    let [_, columns, _] = exemplar.dims();
    let device = generated.device();
    let cost = squared_distances(generated, exemplar);
    let sharpness = cost.clone().mean_dim(1).mean_dim(2).mul_scalar(SHARPNESS).clamp_min(TINY);
    let kernel = (cost.clone().min_dim(2) - cost).div(sharpness).exp();
    let transposed = kernel.clone().transpose();
    let share = |wanted: f32, mass: Tensor<B, 3>| (mass + TINY).recip().mul_scalar(wanted);
    let mut v = Tensor::<B, 3>::ones([sets, columns, 1], &device);
    for _ in 0..ITERATIONS {
        let u = share(1.0 / rows as f32, kernel.clone().matmul(v));
        v = share(1.0 / columns as f32, transposed.clone().matmul(u));
    }
    let first = Tensor::<B, 1, Int>::arange(0..sets as i64, &device).mul_scalar(columns as i64).reshape([sets, 1]);
    (kernel * v.transpose()).argmax(2).reshape([sets, rows]) + first
}

/// `[set, generated, exemplar]`.
fn squared_distances<B: Backend>(generated: Tensor<B, 3>, exemplar: Tensor<B, 3>) -> Tensor<B, 3> {
    let squares = |t: &Tensor<B, 3>| t.clone().powi_scalar(2).sum_dim(2);
    let sums = squares(&generated) + squares(&exemplar).transpose();
    (sums - generated.matmul(exemplar.transpose()).mul_scalar(2.0)).clamp_min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::{Autodiff, Flex};
    use burn::tensor::{Distribution, TensorData};

    #[test]
    fn permuted_sets_are_matched_exactly() {
        let device = Default::default();
        Flex::seed(&device, 3);
        let exemplar = Tensor::<Flex, 3>::random([2, 40, 25], Distribution::Normal(0.0, 1.0), &device);
        // The sets have different orders; the second set's indices follow those of the first.
        let order: Vec<i32> = (0..80).map(|i| (i % 40 * 7 + i / 40 * 5 + 3) % 40 + i / 40 * 40).collect();
        let order = Tensor::<Flex, 1, Int>::from_data(TensorData::new(order, [80]), &device);
        let generated = exemplar.clone().reshape([80, 25]).select(0, order.clone()).reshape([2, 40, 25]);
        let found = assign(generated.clone(), exemplar.clone());
        assert_eq!(found.into_data().to_vec::<i32>().unwrap(), order.into_data().to_vec::<i32>().unwrap());
        let loss = loss::<Autodiff<Flex>>(Tensor::from_inner(generated), exemplar).into_scalar();
        assert!(loss < 1e-9, "{loss}");
    }

    #[test]
    fn transport_uses_all_patches_where_one_is_nearest_to_all() {
        let device = Default::default();
        let exemplar = Tensor::<Flex, 3>::from_data([[[0.0f32], [1.0]]], &device);
        let generated = Tensor::<Flex, 3>::from_data([[[0.4f32], [0.45]]], &device);
        let found = assign(generated, exemplar).into_data().to_vec::<i32>().unwrap();
        assert_eq!(found, [0, 1]);
    }
}
