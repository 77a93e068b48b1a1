//! The `imagine` command as users run it: one process per call, in a temporary folder.

mod cases;
mod disks;
mod edits;
mod errors;
mod formats;
mod generate;
mod help;
mod import;
mod maps;
mod messages;
mod onnx_cases;
mod onnx_test;
mod pictures;
mod reports;
mod restore;
mod sandbox;
#[cfg(unix)]
mod signals;
mod train_exemplar;
mod train_sprites;
mod train_style;
mod train_upscale;
mod upscale;
