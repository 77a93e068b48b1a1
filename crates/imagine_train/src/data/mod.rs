//! Training data: pictures and material folders, as channels that a network can learn.

pub mod caption;
mod exemplar;
pub mod materials;
pub mod pack;
mod picture;
mod recolor;
mod sheet;
mod sprites;

pub use exemplar::{Exemplar, ExemplarMap, ExemplarOptions};
pub use materials::{Material, MaterialBatch, MaterialSet, Part};
pub use sheet::sheet;
#[cfg(test)]
pub(crate) use sprites::tests::synthetic_set;
pub use sprites::{ANY, Sprite, SpriteBatch, SpriteSet, VALUES};
