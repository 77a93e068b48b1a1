//! Where results go: the [`Target`] trait, the four built-in targets, and the textures that they plan.
//!
//! A target is a component next to a [`Synthesis`](crate::Synthesis). A game adds its own with an implementation of [`Target`]
//! and [`register_target`](crate::RegisterTarget::register_target); the built-in ones do the same.

mod image;
mod material;
mod placeholder;
mod plan;
mod registry;
mod sky;
mod sprite;
mod textures;

pub use image::ImageTarget;
pub use imagine_graph::OutputKind;
pub use material::MaterialTarget;
pub use plan::{OutputIndex, PlanContext, Sampling, TexturePlan, TextureRole};
pub use registry::Target;
pub use sky::SkyTarget;
pub use sprite::SpriteTarget;
pub use textures::SynthesisTextures;

pub(crate) use placeholder::Placeholder;
pub(crate) use plan::{Destination, TextureShape, TextureSource};
pub(crate) use registry::{TargetPlans, Targets};
