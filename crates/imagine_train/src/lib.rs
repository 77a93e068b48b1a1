//! Trains generator networks with burn, and measures them.
//!
//! A family is a kind of generator with its data, networks, training and evaluation: [`living`] textures,
//! [`sprite`]s, [`upscale`]rs, networks that [`restore`] pictures and make [`maps`] of them, and [`style`]s for a camera. The families share the loop of adversarial training ([`gan`]), losses ([`loss`]), measures
//! ([`metric`]) and what every training needs ([`core`]).
//!
//! Networks are [`imagine_graph`] graphs. A trainer differentiates the graph through [`imagine_burn`] and writes the same graph
//! with its weights. All trainers are generic over burn's `AutodiffBackend`; the caller chooses a backend and prints progress.
//! With the feature `clap`, the options of the trainers are command line arguments.

pub mod core;
pub mod data;
mod error;
mod family;
pub mod gan;
pub mod living;
pub mod loss;
pub mod maps;
pub mod metric;
pub mod restore;
pub mod sprite;
pub mod style;
pub mod upscale;

pub use error::{CheckpointError, ExemplarError, MaterialSetError, PackError, PictureSetError, TrainError};
pub use family::Family;
