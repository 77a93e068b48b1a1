//! The learning rate over a training.

use serde::{Deserialize, Serialize};

/// Linear warm-up, then the full rate, 0.3 of it from half of the training on, 0.1 from four fifths on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Full learning rate.
    pub peak: f32,
    /// Updates of warm-up.
    pub warm_up: u32,
    /// Updates of the whole training.
    pub updates: u32,
}

impl Schedule {
    /// The learning rate of update `update`, counted from 0.
    pub fn at(&self, update: u32) -> f32 {
        let warm = ((update + 1) as f32 / self.warm_up.max(1) as f32).min(1.0);
        let done = update as f32 / self.updates.max(1) as f32;
        let decay = if done < 0.5 {
            1.0
        } else if done < 0.8 {
            0.3
        } else {
            0.1
        };
        self.peak * warm * decay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_and_decays() {
        let schedule = Schedule { peak: 1.0, warm_up: 10, updates: 100 };
        assert!((schedule.at(0) - 0.1).abs() < 1e-6);
        assert_eq!([10, 49, 50, 79, 80].map(|u| schedule.at(u)), [1.0, 1.0, 0.3, 0.3, 0.1]);
    }
}
