//! The game between a generator and a critic on pairs of a real and a generated image of one condition.
//!
//! Relativistic pairing: with `u = critic(generated) - critic(real)` the critic makes `ln(1 + exp(u))` small and the generator
//! `ln(1 + exp(-u))` (Jolicoeur-Martineau 2018; Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024, which adds
//! the penalties of [`super::penalty`]). Both are slopes times the same gradient of the critic, so one pass back through the
//! critic serves both: the gradient that reaches a generated image for the critic is `sigmoid(u)` times that of its score,
//! and the generator's is `-sigmoid(-u)` times it, in other words `-exp(-u)` times the critic's (Shen et al., "Training
//! Generative Adversarial Networks in One Stage", CVPR 2021).

//!
//! Hinge: the critic makes `max(0, 1 - critic(real)) + max(0, 1 + critic(generated))` small and the generator
//! `-critic(generated)` (Lim and Ye, "Geometric GAN", 2017), for critics whose slope spectral normalisation bounds.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, relu};
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

/// Which game is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Game {
    /// Relativistic pairing, with gradient penalties.
    #[default]
    Relativistic,
    /// Hinge loss and a critic with spectral normalisation.
    Hinge,
}

impl fmt::Display for Game {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Game::Relativistic => "relativistic",
            Game::Hinge => "hinge",
        })
    }
}

impl FromStr for Game {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Game::Relativistic, Game::Hinge]
            .into_iter()
            .find(|game| game.to_string() == text)
            .ok_or_else(|| format!("{text:?} is no game; relativistic or hinge expected"))
    }
}

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

/// What the critic pays for not telling the words of real images from other words: the mean of `ln(1 + exp(wrong - real))` over
/// the rows where `differs` is 1, not 0.
///
/// Without it nothing but the generator's failures teaches the critic words (Reed et al., "Generative Adversarial Text to
/// Image Synthesis", ICML 2016, there with a loss of probabilities).
pub fn mismatch<B: Backend>(real: Tensor<B, 2>, wrong: Tensor<B, 2>, differs: Tensor<B, 2>) -> Tensor<B, 1> {
    let each = log_sigmoid(real - wrong).neg();
    (each * differs.clone()).sum() / differs.sum().clamp_min(1.0)
}

/// The critic's loss with hinges.
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
        let by_share = ours.grad(&loss.backward()).unwrap() * generators_share(lead.inner());
        let theirs = generated();
        let loss = log_sigmoid(theirs.clone() - real).neg().mean();
        let direct = theirs.grad(&loss.backward()).unwrap();
        by_share.into_data().assert_approx_eq::<f32>(&direct.into_data(), burn::tensor::Tolerance::absolute(1e-6));
    }

    #[test]
    fn only_other_words_are_paid_for() {
        let scores = |values: [[f32; 1]; 3]| Tensor::<Flex, 2>::from_data(values, &Default::default());
        let loss =
            |wrong, differs| mismatch(scores([[1.0], [2.0], [0.0]]), scores(wrong), scores(differs)).into_scalar();
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
