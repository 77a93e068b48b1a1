//! The plugin's own count of GPU memory: everything it allocates holds an [`Allocation`] for as long as it lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bevy::prelude::*;

/// Bytes of GPU memory that the plugin holds. A resource of main and render world; clones share the count.
#[derive(Resource, Clone, Debug, Default)]
pub struct ImagineMemory {
    bytes: Arc<AtomicU64>,
}

/// A share of [`ImagineMemory`], given back on drop.
#[derive(Debug)]
pub(crate) struct Allocation {
    memory: ImagineMemory,
    bytes: u64,
}

impl ImagineMemory {
    /// Bytes held now: textures of results, and buffers and textures of work in progress.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn allocate(&self, bytes: u64) -> Allocation {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Allocation { memory: self.clone(), bytes }
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        self.memory.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
