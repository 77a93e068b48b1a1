//! What trainings make small.
//!
//! For textures: how far a generated one is from its exemplar, without any pretrained network: statistics of 5x5 patches
//! over all maps at once, on every level of a pyramid. Two terms (Mordvintsev and Niklasson 2021): every generated
//! patch is drawn to the exemplar patch that optimal transport assigns to it ([`transport`]), and random filter responses
//! get the exemplar's distribution ([`sliced`]).
//!
//! For data sets: a game against a critic ([`adversarial`]) whose gradient is kept small ([`penalty`]).

pub mod adversarial;
pub mod patches;
pub mod penalty;
pub mod pyramid;
pub mod sliced;
mod texture;
pub mod transport;

pub use texture::{TextureLoss, TextureLossOptions, TextureTerms};
