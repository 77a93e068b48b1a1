//! How much of a frame synthesis may take, and what it took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::prelude::*;

/// Longest slice while a game plays, in nanoseconds.
const SLICE_NANOSECONDS: u64 = 250_000;
/// A larger budget is spent in about as many slices.
const SLICES: u64 = 16;

/// GPU milliseconds a frame that synthesis may take. A resource of the main world that a game may change while it runs, as
/// for a loading screen; [`ImaginePlugin`](crate::ImaginePlugin) says what it is at first.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct ImagineBudget {
    /// Milliseconds, more than 0.
    pub milliseconds: f32,
}

/// How much of a frame synthesis may take.
#[derive(Resource, Clone, Debug, Default)]
pub(crate) struct FrameBudget {
    /// GPU milliseconds a frame.
    pub milliseconds: f32,
    /// Whether the host wants everything compiled at once, as tests and screenshots do.
    pub synchronous: bool,
}

/// What synthesis did in the last frames. A resource of main and render world; clones share it.
#[derive(Resource, Clone, Debug, Default)]
pub struct ImagineStats(Arc<Mutex<Stats>>);

#[derive(Debug, Default)]
struct Stats {
    frame: FrameStats,
    /// GPU milliseconds by shader, since the app began.
    shaders: BTreeMap<&'static str, f64>,
}

/// What synthesis did in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameStats {
    /// GPU milliseconds that the last frame planned to spend.
    pub planned_ms: f32,
    /// GPU milliseconds that the last measured frame spent, a few frames old; `None` where the device has no timestamps.
    pub measured_ms: Option<f32>,
    /// Jobs that wait or are worked on.
    pub queue: usize,
    /// Frames that were measured so far.
    pub measured_frames: u64,
}

impl FrameBudget {
    pub fn nanoseconds(&self) -> u64 {
        (f64::from(self.milliseconds.max(0.0)) * 1e6) as u64
    }

    /// Longest slice. Apps that wait for results, as tests do, have large budgets and want few slices.
    pub fn slice_nanoseconds(&self) -> u64 {
        (self.nanoseconds() / SLICES).max(SLICE_NANOSECONDS)
    }
}

impl ImagineStats {
    /// The figures of the last frame.
    pub fn get(&self) -> FrameStats {
        self.lock().frame
    }

    /// GPU milliseconds that the passes of every shader took since the app began, the longest first. Passes that ran in one
    /// slice share its time by what the cost model predicts. Empty where the device has no timestamps.
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
    fn no_budget_makes_the_cast_overflow() {
        let budget = |milliseconds| FrameBudget { milliseconds, synchronous: false };
        assert_eq!(budget(2.0).nanoseconds(), 2_000_000);
        assert_eq!(budget(-1.0).nanoseconds(), 0);
        assert_eq!(budget(f32::NAN).nanoseconds(), 0);
        assert_eq!(budget(f32::INFINITY).nanoseconds(), u64::MAX);
        assert_eq!(budget(4.0).slice_nanoseconds(), 250_000);
        assert_eq!(budget(1_600.0).slice_nanoseconds(), 100_000_000);
    }
}
