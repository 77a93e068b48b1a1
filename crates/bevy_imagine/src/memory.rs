//! The plugin's count of its GPU memory: everything it allocates holds an [`Allocation`] while it lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bevy::prelude::*;

use crate::error::SynthesisError;

/// Bytes of GPU memory that the plugin holds. A resource of both worlds; clones share the count.
#[derive(Resource, Clone, Debug)]
pub struct ImagineMemory {
    bytes: Arc<AtomicU64>,
    budget: u64,
}

/// A part of [`ImagineMemory`], released on drop.
#[derive(Debug)]
pub(crate) struct Allocation {
    memory: ImagineMemory,
    bytes: u64,
}

/// An allocation beyond the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverBudget {
    needed: u64,
    held: u64,
    budget: u64,
}

impl OverBudget {
    /// The error of a request for the generator called `generator`.
    pub fn of(self, generator: &str) -> SynthesisError {
        let OverBudget { needed, held, budget } = self;
        SynthesisError::Memory { generator: generator.into(), needed, held, budget }
    }
}

impl ImagineMemory {
    /// An empty count with a budget in bytes.
    pub(crate) fn new(budget: u64) -> Self {
        Self { bytes: Arc::default(), budget }
    }

    /// The budget in bytes, [`ImaginePlugin::memory_budget`](crate::ImaginePlugin::memory_budget).
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// Counts `bytes` more, if they stay within the budget.
    pub(crate) fn try_allocate(&self, bytes: u64) -> Result<Allocation, OverBudget> {
        let grow = |held: u64| held.checked_add(bytes).filter(|sum| *sum <= self.budget);
        match self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow) {
            Ok(_) => Ok(Allocation { memory: self.clone(), bytes }),
            Err(held) => Err(OverBudget { needed: bytes, held, budget: self.budget }),
        }
    }

    /// Bytes held now: textures of results, buffers and textures of jobs, large weights of generators.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts `bytes` more, even beyond the budget.
    pub(crate) fn allocate(&self, bytes: u64) -> Allocation {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Allocation { memory: self.clone(), bytes }
    }
}

impl Allocation {
    /// Its bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        self.memory.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_stay_within_the_budget_and_come_back() {
        let memory = ImagineMemory::new(100);
        let first = memory.try_allocate(60).unwrap();
        let error = memory.try_allocate(41).unwrap_err();
        assert_eq!(error, OverBudget { needed: 41, held: 60, budget: 100 });
        assert!(memory.try_allocate(u64::MAX).is_err());
        drop(first);
        assert_eq!(memory.bytes(), 0);
        assert!(memory.try_allocate(100).is_ok());
    }
}
