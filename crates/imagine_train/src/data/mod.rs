//! Training data that several families read: packs of pictures, folders of maps, decoded planes.

mod hash;
mod maps;
pub mod pack;
mod picture;
mod planes;

pub(crate) use hash::{first_word, sha256_hex};
pub use maps::only_trained;
pub(crate) use maps::{common_size, trained_maps};
pub use picture::TrainingPicture;
pub(crate) use picture::Turn;
pub(crate) use planes::{Planes, Samples};
