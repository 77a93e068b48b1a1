//! Patch transport: every generated patch moves towards the exemplar patch that entropic optimal transport assigns to it.
//!
//! Sinkhorn iterations (Cuturi 2013) on the cost between two sets of patches; the assignment is made hard, so that the
//! target is a real patch and not a blur of several.

use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;

/// Width of the transport kernel relative to the mean cost.
const TEMPERATURE: f32 = 0.03;
const ITERATIONS: usize = 15;

/// Mean squared distance of the generated patches `[p, d]` to the exemplar patches `[q, d]` assigned to them.
pub fn transport<B: AutodiffBackend>(generated: Tensor<B, 2>, exemplar: &Tensor<B::InnerBackend, 2>) -> Tensor<B, 1> {
    let assigned = assign(generated.clone().inner(), exemplar);
    let difference = generated - Tensor::from_inner(assigned);
    (difference.clone() * difference).mean()
}

fn assign<B: burn::tensor::backend::Backend>(generated: Tensor<B, 2>, exemplar: &Tensor<B, 2>) -> Tensor<B, 2> {
    let squares = |t: &Tensor<B, 2>| t.clone().powi_scalar(2).sum_dim(1);
    let cross = generated.clone().matmul(exemplar.clone().transpose());
    let cost = squares(&generated) + squares(exemplar).transpose() - cross * 2.0;
    let mean = cost.clone().mean().reshape([1, 1]) * TEMPERATURE;
    let kernel = ((cost.clone().min_dim(1) - cost) / mean.clamp_min(1e-9)).exp();
    let [p, q] = kernel.dims();
    let mut v = Tensor::<B, 2>::ones([q, 1], &kernel.device());
    let share = q as f32 / p as f32;
    for _ in 0..ITERATIONS {
        let u = kernel.clone().matmul(v).clamp_min(1e-30).recip();
        v = kernel.clone().transpose().matmul(u).clamp_min(1e-30).recip() / share;
    }
    let best = (kernel * v.transpose()).argmax(1).reshape([p]);
    exemplar.clone().select(0, best)
}
