//! An endless world of textures: seamless patches around the cameras, and biomes that blend.
//!
//! - [`WorldPatches`] keeps patches around the cameras, coarser ones further away, with a mesh from [`WorldHeight`].
//! - [`Biomes`] are sets of control values; a closure or a serialisable [`ClimateNoise`] weights them at each place.
//!
//! A patch is a request with a [`WorldPatch`](crate::WorldPatch), like any other.

mod biomes;
mod place;
mod stream;
mod surface;

pub use biomes::{Biomes, ClimateNoise, FractalNoise, WorldBiomes, controls};
pub use place::PatchPlace;
pub use stream::{WorldAnchor, WorldPatches};
pub(crate) use stream::{clear_world, place_patches, stream_patches};
pub use surface::WorldHeight;
