//! What trainings minimise.
//!
//! Textures: the distance between 5x5 patches of an image and those of an exemplar, over all maps at once, on every level of
//! a pyramid, without a pretrained network. It has two terms (Mordvintsev and Niklasson 2021): optimal transport assigns an
//! exemplar patch to every generated one ([`transport`]), and random filter responses are to have the exemplar's
//! distribution ([`sliced`]).
//!
//! Adversarial trainings: the losses of generator and critic ([`GanLoss`]).

mod adversarial;
pub mod patches;
pub mod pyramid;
pub mod sliced;
mod texture;
pub mod transport;

pub use adversarial::{GanLoss, generator_share, hinge, mismatch_loss, relativistic};
pub use texture::{TextureLoss, TextureLossOptions, TextureTerms};
