//! The plugin's own count of GPU memory: everything it allocates holds an [`Allocation`] for as long as it lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bevy::prelude::*;

use crate::error::SynthesisError;

/// Bytes of GPU memory that the plugin holds. A resource of main and render world; clones share the count.
#[derive(Resource, Clone, Debug)]
pub struct ImagineMemory {
    bytes: Arc<AtomicU64>,
    budget: u64,
}

/// A share of [`ImagineMemory`], given back on drop.
#[derive(Debug)]
pub(crate) struct Allocation {
    memory: ImagineMemory,
    bytes: u64,
}

/// An allocation that the budget does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverBudget {
    needed: u64,
    held: u64,
    budget: u64,
}

impl OverBudget {
    /// The error of a request for `generator`.
    pub fn of(self, generator: &str) -> SynthesisError {
        let OverBudget { needed, held, budget } = self;
        SynthesisError::Memory { generator: generator.into(), needed, held, budget }
    }
}

impl ImagineMemory {
    /// Nothing held, at most `budget` bytes.
    pub(crate) fn new(budget: u64) -> Self {
        Self { bytes: Arc::default(), budget }
    }

    /// Most bytes that may be held.
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// Whether `bytes` more are allowed.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), OverBudget> {
        let held = self.bytes();
        if held.saturating_add(bytes) > self.budget {
            return Err(OverBudget { needed: bytes, held, budget: self.budget });
        }
        Ok(())
    }

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
