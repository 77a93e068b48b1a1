//! How fast a training runs, since its start or resumption.

use std::time::{Duration, Instant};

/// Measures from the update it was started at.
pub(crate) struct Clock {
    start: Instant,
    first: u32,
}

impl Clock {
    /// Starts at `update`.
    pub fn start(update: u32) -> Self {
        Self { start: Instant::now(), first: update }
    }

    /// Updates per second up to `update`.
    pub fn rate(&self, update: u32) -> f32 {
        (update - self.first) as f32 / self.start.elapsed().as_secs_f32().max(1e-6)
    }

    /// Estimated time from `update` to the last of `updates`.
    pub fn remaining(&self, update: u32, updates: u32) -> Duration {
        Duration::from_secs_f32((updates - update) as f32 / self.rate(update).max(1e-6))
    }
}
