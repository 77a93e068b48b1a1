//! Undo and redo for each request.

use bevy::prelude::*;
use bevy_imagine::prelude::*;

/// Most states that are kept.
const DEPTH: usize = 100;

/// Past, current and undone states of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    states: Vec<Synthesis>,
    /// Index of the current state.
    at: usize,
}

impl History {
    /// Adds `state` if it is new, and drops undone states.
    pub fn record(&mut self, state: &Synthesis) {
        if self.states.get(self.at) == Some(state) {
            return;
        }
        self.states.truncate(self.at + 1);
        self.states.push(state.clone());
        if self.states.len() > DEPTH {
            self.states.remove(0);
        }
        self.at = self.states.len() - 1;
    }

    pub fn can_undo(&self) -> bool {
        self.at > 0
    }

    pub fn can_redo(&self) -> bool {
        self.at + 1 < self.states.len()
    }

    /// The state before the current one.
    pub fn undo(&mut self) -> Option<Synthesis> {
        self.at = self.at.checked_sub(1)?;
        self.states.get(self.at).cloned()
    }

    /// The last undone state.
    pub fn redo(&mut self) -> Option<Synthesis> {
        let state = self.states.get(self.at + 1).cloned()?;
        self.at += 1;
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redo_works_until_the_next_change() {
        let state = |seed| Synthesis { seed, ..default() };
        let mut history = History::default();
        [1, 1, 2, 3].into_iter().for_each(|seed| history.record(&state(seed)));
        assert_eq!(history.undo(), Some(state(2)));
        assert_eq!(history.undo(), Some(state(1)));
        assert_eq!((history.undo(), history.can_undo()), (None, false));
        assert_eq!(history.redo(), Some(state(2)));
        history.record(&state(2));
        assert!(history.can_redo());
        history.record(&state(9));
        assert_eq!((history.redo(), history.undo()), (None, Some(state(2))));
        (0..500).for_each(|seed| history.record(&state(seed)));
        assert_eq!(history.states.len(), DEPTH);
    }
}
