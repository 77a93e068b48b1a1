//! Generators by example: a picture, or a set of maps that belong together, becomes a texture of any size, tiling or endless,
//! whose texels are all the exemplar's own.
//!
//! [`Exemplar`] reads a picture or a folder of maps and makes a generator of it, which every executor runs: this is all that most callers
//! need. The rest is how it does that.
//!
//! ```no_run
//! use imagine_exemplar::{Exemplar, ExemplarOptions};
//! use imagine_graph::{Card, file};
//!
//! let exemplar = Exemplar::load("Bricks097_1K-JPG".as_ref(), &ExemplarOptions::default())?;
//! let made = exemplar.generator(Card::default(), |_| {})?;
//! file::save("bricks.generator.safetensors", &made.generator, file::WeightFormat::F32)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Maps`] are the texels. [`Prepared`] is what synthesis needs from it: the appearance of each place on every level of a
//! pyramid, and tables of similar places. [`torus`] and [`window`] make coordinate fields from it; [`Maps::gather`] collects the
//! texels at these coordinates; [`generator()`] makes a generator of it. A [`Recipe`] says how freely the exemplar is rearranged; regular
//! materials keep their lattice.
//!
//! The kernels are `imagine_cpu`'s. This crate never sees a GPU, burn or Bevy.

mod attributes;
mod choice;
mod compress;
mod controls;
mod describe;
mod error;
mod exemplar;
mod figures;
mod fit;
pub mod folder;
mod fourier;
mod generator;
mod height;
mod lattice;
mod photograph;
pub mod picture;
mod pictures;
mod prepared;
mod projection;
mod recipe;
mod resample;
mod sheet;
mod shuffle;
mod synthesis;

pub use attributes::{Attributes, MOST_ATTRIBUTES};
pub use choice::Trial;
pub use compress::{BITS, CompressError, Compression, compress};
pub use controls::{ControlError, ROUGHNESS_FACTOR, TINT, VARIATION, rename_control};
pub use describe::{Description, describe};
pub use error::ExemplarError;
pub use exemplar::{ByExample, Exemplar, RECIPE, Stage};
pub use figures::Figures;
pub use fit::{fit, fit_bounded};
pub use generator::{GeneratorError, generator};
pub use height::height_from_normals;
pub use imagine_codec::{Maps, MapsError, Stored};
pub use lattice::{Regularity, regularity};
pub use photograph::{Photograph, PhotographError, PhotographMaps, PhotographStep};
pub use pictures::{ExemplarOptions, same_proportions};
pub use prepared::{PrepareError, Prepared};
pub use recipe::Recipe;
pub use resample::{cropped, resampled, rolled};
pub use sheet::sheet;
pub use synthesis::{SynthesisError, size_multiple, torus, torus_levels, window, window_cells};
