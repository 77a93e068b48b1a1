//! Adversarial training, whatever is generated: one loop over a `Task`, the networks and their updates, the gradient
//! penalty, spectral normalisation, augmentation.
//!
//! A family implements `Task`: its networks, its batches, its figures. `run` owns everything else.

mod adversarial;
mod augment;
mod options;
mod penalty;
mod run;
mod spectral;
mod task;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use adversarial::{Adversarial, BatchGradients, Mismatch, critic_scores, images, scalar, stacked};
pub(crate) use augment::Augmentation;
pub use options::GanOptions;
pub use penalty::gradient_penalty;
#[cfg(test)]
pub(crate) use run::Training;
pub(crate) use run::run;
pub use run::{Event, Progress, Saved};
#[cfg(test)]
pub(crate) use spectral::singular_values;
pub(crate) use task::{Task, mean_overfitting};
