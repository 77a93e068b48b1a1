//! The GPU budget of a frame, and statistics of how it was spent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::prelude::*;

/// Longest slice in nanoseconds, unless the budget is large.
const SLICE_NANOSECONDS: u64 = 250_000;
/// Number of slices that spend a large budget.
const SLICES: u64 = 16;

/// GPU time per frame for synthesis. A resource of the main world that a game may change while it runs, for example on a
/// loading screen; [`ImaginePlugin`](crate::ImaginePlugin) sets the initial value.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct ImagineBudget {
    /// Milliseconds, above 0.
    pub milliseconds: f32,
}

/// The budget in the render world.
#[derive(Resource, Clone, Debug, Default)]
pub(crate) struct FrameBudget {
    /// GPU milliseconds per frame.
    pub milliseconds: f32,
    /// Whether preparation blocks the frame, as tests and screenshots want it.
    pub synchronous: bool,
}

/// Statistics of synthesis. A resource of both worlds; clones share it.
#[derive(Resource, Clone, Debug, Default)]
pub struct ImagineStats(Arc<Mutex<Stats>>);

#[derive(Debug, Default)]
struct Stats {
    frame: FrameStats,
    /// GPU milliseconds by shader since the app started.
    shaders: BTreeMap<&'static str, f64>,
}

/// Statistics of one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameStats {
    /// Planned GPU milliseconds of the last frame.
    pub planned_ms: f32,
    /// GPU milliseconds of the last measured frame, a few frames ago; `None` without timestamps.
    pub measured_ms: Option<f32>,
    /// Unfinished jobs.
    pub queue: usize,
    /// Number of measured frames.
    pub measured_frames: u64,
}

impl FrameBudget {
    pub fn nanoseconds(&self) -> u64 {
        (f64::from(self.milliseconds.max(0.0)) * 1e6) as u64
    }

    /// Longest slice. Apps that wait for results have large budgets and want few slices.
    pub fn slice_nanoseconds(&self) -> u64 {
        (self.nanoseconds() / SLICES).max(SLICE_NANOSECONDS)
    }
}

impl ImagineStats {
    /// Statistics of the last frame.
    pub fn get(&self) -> FrameStats {
        self.lock().frame
    }

    /// GPU milliseconds by shader since the app started, the longest first. Passes in one slice share its time as the cost
    /// model predicts. Empty without timestamps.
    pub fn shaders(&self) -> Vec<(&'static str, f64)> {
        let mut shaders: Vec<_> = self.lock().shaders.iter().map(|(shader, time)| (*shader, *time)).collect();
        shaders.sort_by(|a, b| b.1.total_cmp(&a.1));
        shaders
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut FrameStats)) {
        change(&mut self.lock().frame);
    }

    pub(crate) fn add_time(&self, shader: &'static str, milliseconds: f64) {
        *self.lock().shaders.entry(shader).or_default() += milliseconds;
    }

    fn lock(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_clamped_to_whole_nanoseconds() {
        let budget = |milliseconds| FrameBudget { milliseconds, synchronous: false };
        assert_eq!(budget(2.0).nanoseconds(), 2_000_000);
        assert_eq!(budget(-1.0).nanoseconds(), 0);
        assert_eq!(budget(f32::NAN).nanoseconds(), 0);
        assert_eq!(budget(f32::INFINITY).nanoseconds(), u64::MAX);
        assert_eq!(budget(4.0).slice_nanoseconds(), 250_000);
        assert_eq!(budget(1_600.0).slice_nanoseconds(), 100_000_000);
    }
}
