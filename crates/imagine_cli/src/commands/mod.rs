//! The commands, one file each.

pub mod bench;
mod card;
pub mod compare;
pub mod completions;
pub mod compress;
pub mod doctor;
mod edited;
#[cfg(feature = "train")]
pub mod evaluate;
pub mod generate;
pub mod generators;
pub mod import;
pub mod insert;
pub mod inspect;
#[cfg(feature = "train")]
mod interruption;
pub mod man;
pub mod maps;
pub mod material;
pub mod onnx_test;
#[cfg(feature = "train")]
pub mod pack;
pub mod repair;
pub mod restore;
pub mod restyle;
pub mod train_exemplar;
#[cfg(feature = "train")]
pub mod train_maps;
#[cfg(feature = "train")]
pub mod train_restore;
#[cfg(feature = "train")]
pub mod train_sprites;
#[cfg(feature = "train")]
pub mod train_style;
#[cfg(feature = "train")]
pub mod train_texture;
#[cfg(feature = "train")]
pub mod train_upscale;
#[cfg(feature = "train")]
mod training;
pub mod upscale;
#[cfg(any(test, not(feature = "train")))]
pub mod without_train;

#[cfg(feature = "train")]
use crate::output::say;
use crate::output::{note, print};
