//! The network in this crate.

use std::sync::Arc;

use imagine_graph::file::{self, LoadedGenerator};

/// SESR with 16 channels and 5 blocks, by 2.
pub fn small_x2() -> Arc<LoadedGenerator> {
    let bytes = include_bytes!("sesr_small_x2.generator.safetensors");
    Arc::new(file::from_bytes("sesr_small_x2.generator.safetensors", bytes).expect("a shipped file can be read"))
}
