//! What a family adds to adversarial training.

use burn::tensor::backend::AutodiffBackend;
use imagine_graph::{Card, Generator, Graph};
use rand::rngs::StdRng;

use super::adversarial::{Adversarial, BatchGradients};
use super::options::GanOptions;
use crate::core::{Identity, Numbers, rng};
use crate::error::TrainError;
use crate::loss::GanLoss;

/// A family's data, networks and figures, trained by [`run()`](super::run()).
pub(crate) trait Task<A: AutodiffBackend> {
    /// The unit of images, in the plural, which also names the metric that counts them.
    const IMAGES: &'static str;
    /// Names of weights that are constants of the architecture.
    const FIXED: &'static [&'static str];

    /// Options of the loop.
    fn options(&self) -> &GanOptions;

    /// The loss of both networks.
    fn loss(&self) -> GanLoss {
        GanLoss::Relativistic
    }

    /// Generator and critic with fresh weights.
    fn graphs(&self, rng: &mut StdRng) -> [Graph; 2];

    /// What a resume set must have in common with this training.
    fn identity(&self) -> Identity;

    /// Begins the update after `update`; returns the random numbers of the rest of it.
    fn begin(&mut self, update: u32) -> StdRng {
        rng::numbered(self.options().seed, u64::from(update) + 1)
    }

    /// Gradients of both networks on one batch.
    fn learn(
        &mut self,
        networks: &Adversarial<A>,
        rng: &mut StdRng,
    ) -> Result<BatchGradients<A::InnerBackend>, TrainError>;

    /// Measures overfitting, a running mean, every few updates.
    fn observe(&mut self, networks: &Adversarial<A>, overfit: &mut f32, rng: &mut StdRng) -> Result<(), TrainError>;

    /// A number of the family worth a place in progress lines, by its name there.
    fn figure(&self) -> (&'static str, f32);

    /// Numbers to save besides the networks.
    fn numbers(&self) -> Numbers {
        Numbers::new()
    }

    /// Takes back saved numbers.
    fn restore(&mut self, _: &Numbers) {}

    /// Distance of the averaged generator to held-back data.
    fn distance(&self, networks: &Adversarial<A>) -> Result<f64, TrainError>;

    /// A contact sheet of the averaged generator.
    fn sheet(&self, networks: &Adversarial<A>) -> Result<image::RgbImage, TrainError>;

    /// SHA-256 of the training data, in hexadecimal.
    fn sha256(&self) -> &str;

    /// The recipe, for the card.
    fn recipe(&self) -> String;

    /// The generator file's contents, with the weights of `trained`.
    fn shipped(&self, trained: &Graph, card: Card) -> Generator;
}

/// Updates `mean`, a running mean of overfitting: `(D(train) - D(held-out)) / (D(train) - D(fake))`, of mean scores.
///
/// Without a lead of training data over fakes the share says nothing, and the mean stays.
pub(crate) fn mean_overfitting(mean: &mut f32, [train, held_out, fake]: [f32; 3], keep: f32) {
    let lead = train - fake;
    if lead > 1e-3 {
        let share = ((train - held_out) / lead).clamp(-1.0, 2.0);
        *mean = keep * *mean + (1.0 - keep) * share;
    }
}
