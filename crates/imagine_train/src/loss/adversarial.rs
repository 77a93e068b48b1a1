//! The game between a generator and a critic on pairs of a real and a generated image of one condition.
//!
//! Relativistic pairing: with `u = critic(generated) - critic(real)` the critic makes `ln(1 + exp(u))` small and the generator
//! `ln(1 + exp(-u))` (Jolicoeur-Martineau 2018; Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024, which adds
//! the penalties of [`super::penalty`]). Both are slopes times the same gradient of the critic, so one pass back through the
//! critic serves both: the gradient that reaches a generated image for the critic is `sigmoid(u)` times that of its score,
//! and the generator's is `-sigmoid(-u)` times it, in other words `-exp(-u)` times the critic's (Shen et al., "Training
//! Generative Adversarial Networks in One Stage", CVPR 2021).

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;
use burn::tensor::backend::Backend;

/// Beyond this a pair is decided, and what the generator could learn from it is no number that a float holds well.
const DECIDED: f32 = 30.0;

/// The critic's loss, and `u` of every pair.
pub fn relativistic<B: Backend>(real: Tensor<B, 2>, generated: Tensor<B, 2>) -> (Tensor<B, 1>, Tensor<B, 2>) {
    let lead = generated - real;
    (log_sigmoid(lead.clone().neg()).neg().mean(), lead)
}

/// What the gradient of the critic's loss at every generated image is multiplied by to be that of the generator's loss.
pub fn generators_share<B: Backend>(lead: Tensor<B, 2>) -> Tensor<B, 2> {
    lead.clamp(-DECIDED, DECIDED).neg().exp().neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::{Autodiff, Flex};

    #[test]
    fn the_generators_gradient_is_a_multiple_of_the_critics() {
        type A = Autodiff<Flex>;
        let device = Default::default();
        let real = Tensor::<A, 2>::from_data([[0.3f32], [-1.0], [2.0]], &device);
        let generated = || Tensor::<A, 2>::from_data([[1.3f32], [-4.0], [2.0]], &device).require_grad();
        let ours = generated();
        let (loss, lead) = relativistic(real.clone(), ours.clone());
        let by_share = ours.grad(&loss.backward()).unwrap() * generators_share(lead.inner());
        let theirs = generated();
        let loss = log_sigmoid(theirs.clone() - real).neg().mean();
        let direct = theirs.grad(&loss.backward()).unwrap();
        by_share.into_data().assert_approx_eq::<f32>(&direct.into_data(), burn::tensor::Tolerance::absolute(1e-6));
    }
}
