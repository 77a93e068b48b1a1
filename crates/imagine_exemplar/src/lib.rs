//! Generators by example: a picture, or a set of maps that belong together, becomes a texture of any size, tiling or endless,
//! whose texels are all the exemplar's own.
//!
//! [`Maps`] are the exemplar. [`Prepared`] is what synthesis needs from it: the appearance of each place on every level of a
//! pyramid, and tables of similar places. [`torus`] and [`window`] make coordinate fields from it; [`Maps::gather`] collects the
//! texels at these coordinates; [`generator()`] makes a generator of it, which every executor runs. A [`Recipe`] says how freely the exemplar is rearranged; regular materials keep their lattice.
//!
//! The kernels are `imagine_cpu`'s. This crate never sees a GPU, burn or Bevy.

mod appearance;
mod fit;
pub mod folder;
mod generator;
mod lattice;
mod maps;
mod prepared;
mod pyramid;
mod recipe;
mod resample;
mod similar;
mod synthesis;

pub use appearance::Basis;
pub use fit::fit;
pub use generator::{GeneratorError, generator};
pub use lattice::{Regularity, regularity};
pub use maps::{Maps, MapsError};
pub use prepared::{PrepareError, Prepared};
pub use recipe::Recipe;
pub use synthesis::{SynthesisError, size_multiple, torus, window, window_cells};
