//! Losses that compare textures without any pretrained network.

pub mod patches;
pub mod pyramid;
pub mod sliced;
pub mod transport;
