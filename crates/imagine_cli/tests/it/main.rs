//! The `imagine` command as users run it: one process per call, in a temporary folder.

mod errors;
mod generate;
mod import;
mod onnx_test;
mod pictures;
mod reports;
mod sandbox;
mod train_materials;
mod train_sprites;
