//! How far a generated texture is from its exemplar, without any pretrained network: statistics of 5x5 patches over all
//! maps at once, on every level of a pyramid.
//!
//! Two terms (RECIPES; Mordvintsev and Niklasson 2021): every generated patch is drawn to the exemplar patch that optimal
//! transport assigns to it ([`transport`]), and random filter responses get the exemplar's distribution ([`sliced`]).

pub mod patches;
pub mod penalty;
pub mod pyramid;
pub mod sliced;
mod texture;
pub mod transport;

pub use texture::{TextureLoss, TextureLossOptions, TextureTerms};
