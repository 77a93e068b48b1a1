//! The commands, one file each.

#[cfg(feature = "wgpu-backend")]
pub mod bench;
pub mod compare;
pub mod completions;
pub mod compress;
pub mod doctor;
mod edited;
pub mod evaluate;
pub mod generate;
pub mod generators;
pub mod import;
pub mod insert;
pub mod inspect;
mod interruption;
pub mod man;
pub mod maps;
pub mod material;
pub mod onnx_test;
pub mod pack;
pub mod repair;
pub mod restore;
pub mod restyle;
pub mod train_exemplar;
pub mod train_maps;
pub mod train_restore;
pub mod train_sprites;
pub mod train_style;
pub mod train_texture;
pub mod train_upscale;
mod training;
pub mod upscale;

use crate::output::{note, print, say};
