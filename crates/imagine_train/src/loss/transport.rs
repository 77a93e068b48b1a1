//! Patch transport: entropy-regularised optimal transport (Sinkhorn) between two patch sets, hardened to one target patch
//! for every generated one.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor};

/// Sinkhorn iterations; the assignment hardly changes after them.
const ITERATIONS: usize = 15;
/// Regularisation, as a part of the mean cost.
const SHARPNESS: f32 = 0.03;
/// Keeps divisions finite where no mass arrives.
const TINY: f32 = 1e-12;

/// Mean squared distance from every generated patch to the exemplar patch that transport assigns to it.
///
/// `generated` and `exemplar` are patches as rows, of the same width. The assignment carries no gradient.
pub fn loss<B: AutodiffBackend>(generated: Tensor<B, 2>, exemplar: Tensor<B::InnerBackend, 2>) -> Tensor<B, 1> {
    let targets = assign(generated.clone().inner(), exemplar.clone());
    let targets = Tensor::from_inner(exemplar.select(0, targets));
    (generated - targets).powi_scalar(2).mean()
}

/// For every generated patch the index of its exemplar patch.
pub fn assign<B: Backend>(generated: Tensor<B, 2>, exemplar: Tensor<B, 2>) -> Tensor<B, 1, Int> {
    let [rows, _] = generated.dims();
    let [columns, _] = exemplar.dims();
    let device = generated.device();
    let cost = squared_distances(generated, exemplar);
    let sharpness = cost.clone().mean().mul_scalar(SHARPNESS).clamp_min(TINY).reshape([1, 1]);
    let kernel = (cost.clone().min_dim(1) - cost).div(sharpness).exp();
    let transposed = kernel.clone().transpose();
    let share = |wanted: f32, mass: Tensor<B, 2>| (mass + TINY).recip().mul_scalar(wanted);
    let mut v = Tensor::<B, 2>::ones([columns, 1], &device);
    for _ in 0..ITERATIONS {
        let u = share(1.0 / rows as f32, kernel.clone().matmul(v));
        v = share(1.0 / columns as f32, transposed.clone().matmul(u));
    }
    (kernel * v.transpose()).argmax(1).flatten(0, 1)
}

/// `[generated, exemplar]`.
fn squared_distances<B: Backend>(generated: Tensor<B, 2>, exemplar: Tensor<B, 2>) -> Tensor<B, 2> {
    let squares = |t: &Tensor<B, 2>| t.clone().powi_scalar(2).sum_dim(1);
    let sums = squares(&generated) + squares(&exemplar).transpose();
    (sums - generated.matmul(exemplar.transpose()).mul_scalar(2.0)).clamp_min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::{Autodiff, Flex};
    use burn::tensor::{Distribution, TensorData};

    #[test]
    fn a_permuted_set_is_matched_exactly() {
        let device = Default::default();
        Flex::seed(&device, 3);
        let exemplar = Tensor::<Flex, 2>::random([40, 25], Distribution::Normal(0.0, 1.0), &device);
        let order: Vec<i32> = (0..40).map(|i| (i * 7 + 3) % 40).collect();
        let order = Tensor::<Flex, 1, Int>::from_data(TensorData::new(order, [40]), &device);
        let generated = exemplar.clone().select(0, order.clone());
        let found = assign(generated.clone(), exemplar.clone());
        assert_eq!(found.into_data().to_vec::<i32>().unwrap(), order.into_data().to_vec::<i32>().unwrap());
        let loss = loss::<Autodiff<Flex>>(Tensor::from_inner(generated), exemplar).into_scalar();
        assert!(loss < 1e-9, "{loss}");
    }

    #[test]
    fn mass_is_spread_where_the_nearest_patch_would_take_all() {
        let device = Default::default();
        let exemplar = Tensor::<Flex, 2>::from_data([[0.0f32], [1.0]], &device);
        let generated = Tensor::<Flex, 2>::from_data([[0.4f32], [0.45]], &device);
        let found = assign(generated, exemplar).into_data().to_vec::<i32>().unwrap();
        assert_eq!(found, [0, 1]);
    }
}
