//! Training data that several families read: packs of pictures, folders of maps, decoded planes.

mod hash;
mod maps;
pub mod pack;
mod picture;
mod picture_set;
mod planes;
pub(crate) mod resample;
mod sheet;

pub(crate) use hash::{first_word, sha256_hex};
pub use maps::only_trained;
pub(crate) use maps::{common_size, trained_maps};
pub use picture::TrainingPicture;
pub(crate) use picture::Turn;
pub use picture_set::PictureSet;
pub(crate) use planes::{Planes, Samples};
pub use resample::Filter;
pub(crate) use sheet::sheet;

/// Weights of red, green and blue in the luminance of sRGB values (BT.601).
pub(crate) const LUMA: [f32; 3] = [0.299, 0.587, 0.114];
