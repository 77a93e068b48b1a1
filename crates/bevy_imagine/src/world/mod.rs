//! An endless world of textures: patches that meet without a seam, biomes that blend, and patches kept around a camera.
//!
//! - [`WorldPatch`] beside a [`Synthesis`](crate::Synthesis) makes its result a part of an endless plane.
//! - [`Biomes`] are sets of control values, and a closure or a [`ClimateNoise`], which can be written down, says how much of
//!   each is where.
//! - [`WorldPatches`] keeps patches around the cameras, coarser ones further away, with a mesh from [`WorldHeight`].

mod biomes;
mod patch;
mod place;
mod stream;
mod surface;

pub use biomes::{Biomes, ClimateNoise, FractalNoise, WorldBiomes, controls};
pub(crate) use patch::MAX_MIP;
pub use patch::WorldPatch;
pub use place::PatchPlace;
pub use stream::{WorldAnchor, WorldPatches};
pub(crate) use stream::{clear_world, place_patches, stream_patches};
pub use surface::WorldHeight;
