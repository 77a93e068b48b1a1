//! Assets that are made from other assets: their handles exist at once, their work begins once the others are loaded.

use async_channel::{Receiver, Sender};

/// What waits for other assets: `W` says for which, and `F` is what was found.
pub(super) struct Pending<W, F>(Vec<(W, Sender<F>)>);

impl<W, F> Default for Pending<W, F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<W, F> Pending<W, F> {
    /// Adds `wanted`. The task that makes the asset waits for what is received here.
    pub fn add(&mut self, wanted: W) -> Receiver<F> {
        let (sender, receiver) = async_channel::bounded(1);
        self.0.push((wanted, sender));
        receiver
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sends what `collect` finds to the tasks; `None` leaves a task waiting.
    pub fn send(&mut self, mut collect: impl FnMut(&W) -> Option<F>) {
        self.0.retain_mut(|(wanted, sender)| match collect(wanted) {
            Some(found) => {
                // The task ended if the handle was dropped.
                let _ = sender.try_send(found);
                false
            }
            None => !sender.is_closed(),
        });
    }
}
