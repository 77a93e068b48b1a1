//! The losses of generator and critic.
//!
//! Relativistic, on pairs of a real and a generated image of one condition: with `u = critic(generated) - critic(real)`, the
//! critic minimises `ln(1 + exp(u))` and the generator `ln(1 + exp(-u))` (Jolicoeur-Martineau 2018; Huang et al., "The GAN is
//! dead; long live the GAN!", NeurIPS 2024, which adds the gradient penalties). One backward pass through the critic serves
//! both: the critic's gradient at a generated image is `sigmoid(u)` times that of its score, the generator's is
//! `-sigmoid(-u)` times it, that is `-exp(-u)` times the critic's (Shen et al., "Training Generative Adversarial Networks in
//! One Stage", CVPR 2021).
//!
//! Hinge: the critic minimises `max(0, 1 - critic(real)) + max(0, 1 + critic(generated))` and the generator
//! `-critic(generated)` (Lim and Ye, "Geometric GAN", 2017), for critics with spectral normalisation.

use std::fmt;

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, relu};
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

/// The loss of an adversarial training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum GanLoss {
    /// Relativistic pairs, with gradient penalties.
    #[default]
    Relativistic,
    /// Hinge, with spectral normalisation of the critic.
    Hinge,
}

impl fmt::Display for GanLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GanLoss::Relativistic => "relativistic",
            GanLoss::Hinge => "hinge",
        })
    }
}

/// Largest `|u|`: `exp(-u)` stays well within the range of floats.
const MAX_LEAD: f32 = 30.0;

/// The critic's relativistic loss, and `u` of every pair.
pub fn relativistic<B: Backend>(real: Tensor<B, 2>, generated: Tensor<B, 2>) -> (Tensor<B, 1>, Tensor<B, 2>) {
    let lead = generated - real;
    (log_sigmoid(lead.clone().neg()).neg().mean(), lead)
}

/// The factor from the critic's gradient at each generated image to the generator's.
pub fn generator_share<B: Backend>(lead: Tensor<B, 2>) -> Tensor<B, 2> {
    lead.clamp(-MAX_LEAD, MAX_LEAD).neg().exp().neg()
}

/// The critic's loss on real images with wrong conditions: the mean of `ln(1 + exp(wrong - real))` over the rows where
/// `differs` is 1, not 0.
///
/// Without it, only the generator's failures would teach the critic what conditions mean (Reed et al., "Generative
/// Adversarial Text to Image Synthesis", ICML 2016, with a loss on probabilities).
pub fn mismatch_loss<B: Backend>(real: Tensor<B, 2>, wrong: Tensor<B, 2>, differs: Tensor<B, 2>) -> Tensor<B, 1> {
    let each = log_sigmoid(real - wrong).neg();
    (each * differs.clone()).sum() / differs.sum().clamp_min(1.0)
}

/// The critic's hinge loss.
pub fn hinge<B: Backend>(real: Tensor<B, 2>, generated: Tensor<B, 2>) -> Tensor<B, 1> {
    (relu(real.neg().add_scalar(1.0)) + relu(generated.add_scalar(1.0))).mean()
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
        let by_share = ours.grad(&loss.backward()).unwrap() * generator_share(lead.inner());
        let theirs = generated();
        let loss = log_sigmoid(theirs.clone() - real).neg().mean();
        let direct = theirs.grad(&loss.backward()).unwrap();
        by_share.into_data().assert_approx_eq::<f32>(&direct.into_data(), burn::tensor::Tolerance::absolute(1e-6));
    }

    #[test]
    fn only_wrong_conditions_cost_the_critic() {
        let scores = |values: [[f32; 1]; 3]| Tensor::<Flex, 2>::from_data(values, &Default::default());
        let loss =
            |wrong, differs| mismatch_loss(scores([[1.0], [2.0], [0.0]]), scores(wrong), scores(differs)).into_scalar();
        assert!((loss([[1.0], [9.0], [0.0]], [[1.0], [0.0], [1.0]]) - std::f32::consts::LN_2).abs() < 1e-6);
        assert!(loss([[-9.0], [-9.0], [-9.0]], [[1.0]; 3]) < 1e-3);
        assert_eq!(loss([[5.0]; 3], [[0.0]; 3]), 0.0);
    }

    #[test]
    fn hinges_are_flat_beyond_one() {
        let scores = |values: [[f32; 1]; 2]| Tensor::<Flex, 2>::from_data(values, &Default::default());
        let loss = |real, generated| hinge(scores(real), scores(generated)).into_scalar();
        assert_eq!(loss([[1.0], [3.0]], [[-1.0], [-7.0]]), 0.0);
        assert_eq!(loss([[0.0], [3.0]], [[-1.0], [2.0]]), (1.0 + 3.0) / 2.0);
    }
}
