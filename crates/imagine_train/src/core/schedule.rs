//! Learning rates over a training. All kinds warm up with the optimiser's own updates, so that a training resumed without
//! moments warms up again.

/// The rate of the living textures: warm-up, full rate, 0.3 of it from half of the training on, 0.1 from four fifths on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StepDecay {
    /// Full learning rate.
    pub peak: f32,
    /// Updates of warm-up.
    pub warm_up: u32,
    /// Updates of the whole training.
    pub updates: u32,
}

impl StepDecay {
    /// The rate of update `update`, from 0, after `warmed` updates of the optimiser.
    pub fn at(&self, update: u32, warmed: u32) -> f32 {
        let done = update as f32 / self.updates.max(1) as f32;
        let decay = if done < 0.5 {
            1.0
        } else if done < 0.8 {
            0.3
        } else {
            0.1
        };
        self.peak * warm_up(warmed, self.warm_up) * decay
    }
}

/// The rates of generator and critic: warm-up, full rate, linear decay to 0 at the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LearningRates {
    /// Full rates of generator and critic.
    pub rates: [f32; 2],
    /// Updates of warm-up.
    pub warm_up: u32,
    /// Updates at the end over which the rates fall to 0.
    pub cool_down: u32,
    /// Updates of the whole training.
    pub updates: u32,
}

impl LearningRates {
    /// The rate of network `index` in update `update`, from 0, after `warmed` updates of its optimiser.
    pub fn at(&self, index: usize, update: u32, warmed: u32) -> f32 {
        let left = self.updates.saturating_sub(update) as f32 / self.cool_down.max(1) as f32;
        self.rates[index] * warm_up(warmed, self.warm_up).min(left)
    }
}

/// Warm-up, then half a period of a cosine down to 0 (Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CosineDecay {
    /// Full learning rate.
    pub peak: f32,
    /// Updates of warm-up.
    pub warm_up: u32,
    /// Updates of the whole training.
    pub updates: u32,
}

impl CosineDecay {
    /// The rate of update `update`, from 0, after `warmed` updates of the optimiser.
    pub fn at(&self, update: u32, warmed: u32) -> f32 {
        let done = update as f32 / self.updates.max(1) as f32;
        self.peak * warm_up(warmed, self.warm_up) * 0.5 * (1.0 + (std::f32::consts::PI * done).cos())
    }
}

/// The share of the full rate after `warmed` of `length` updates.
fn warm_up(warmed: u32, length: u32) -> f32 {
    ((warmed + 1) as f32 / length.max(1) as f32).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_decay_warms_up_and_steps_down() {
        let schedule = StepDecay { peak: 1.0, warm_up: 10, updates: 100 };
        assert!((schedule.at(0, 0) - 0.1).abs() < 1e-6 && (schedule.at(40, 0) - 0.1).abs() < 1e-6);
        assert_eq!([10, 49, 50, 79, 80].map(|update| schedule.at(update, update)), [1.0, 1.0, 0.3, 0.3, 0.1]);
    }

    #[test]
    fn cosine_decay_warms_up_and_falls_to_zero() {
        let schedule = CosineDecay { peak: 1.0, warm_up: 4, updates: 100 };
        let found = [(0, 0), (50, 50), (100, 100), (50, 0)].map(|(update, warmed)| schedule.at(update, warmed));
        assert!(
            found.iter().zip([0.25, 0.5, 0.0, 0.125]).all(|(rate, wanted)| (rate - wanted).abs() < 1e-6),
            "{found:?}"
        );
    }

    #[test]
    fn learning_rates_warm_up_and_cool_down() {
        let rates = LearningRates { rates: [1.0, 2.0], warm_up: 4, cool_down: 10, updates: 100 };
        assert_eq!([0, 1, 50, 95].map(|update| rates.at(0, update, update)), [0.25, 0.5, 1.0, 0.5]);
        assert_eq!(rates.at(1, 50, 1), 1.0);
    }
}
