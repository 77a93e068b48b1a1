//! Signals that end a training after its current update: Ctrl-C, and on Unix SIGTERM (a shutdown, a batch system) and SIGHUP (a closed
//! terminal).

use std::ops::ControlFlow;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::note;

/// A signal this long after the first one ends the program at once. A closing terminal may send SIGHUP twice.
const PATIENCE: Duration = Duration::from_secs(2);
/// Exit code of an interrupted training.
pub const INTERRUPTED: u8 = 130;

/// Whether a training was asked to end.
pub struct Interruption(Arc<Mutex<Option<Instant>>>);

impl Interruption {
    /// Starts to listen. Signals that the program's parent ignores, as `nohup` does SIGHUP, stay ignored.
    pub fn listen() -> anyhow::Result<Self> {
        let first = Arc::new(Mutex::new(None));
        let asked = first.clone();
        let ignored = signals::ignored();
        ctrlc::set_handler(move || {
            // The lock is free again before anything is written: stderr may wait for its reader.
            let earlier = {
                let mut first = asked.lock().unwrap_or_else(PoisonError::into_inner);
                let earlier = *first;
                first.get_or_insert_with(Instant::now);
                earlier
            };
            match earlier {
                None => note("ends after this update, with a checkpoint; Ctrl-C once more ends it now, without"),
                // Files are whole at any time.
                Some(at) if at.elapsed() >= PATIENCE => process::exit(INTERRUPTED.into()),
                Some(_) => {}
            }
        })
        .context("cannot listen for Ctrl-C")?;
        signals::ignore(&ignored);
        Ok(Self(first))
    }

    /// Breaks after a signal.
    pub fn flow(&self) -> ControlFlow<()> {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }
}

#[cfg(unix)]
mod signals {
    use nix::sys::signal::{SigHandler, Signal, signal};

    /// The signals that are ignored, of those that `ctrlc` listens to.
    pub fn ignored() -> Vec<Signal> {
        let is_ignored = |number: &Signal| {
            // SAFETY: the handler is the system's own; no code of ours runs in a signal.
            let Ok(old) = (unsafe { signal(*number, SigHandler::SigIgn) }) else { return false };
            if !matches!(old, SigHandler::SigIgn) {
                // SAFETY: this handler was installed before.
                let _ = unsafe { signal(*number, old) };
            }
            matches!(old, SigHandler::SigIgn)
        };
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().filter(is_ignored).collect()
    }

    /// Ignores these signals again.
    pub fn ignore(signals: &[Signal]) {
        for number in signals {
            // SAFETY: the handler is the system's own.
            let _ = unsafe { signal(*number, SigHandler::SigIgn) };
        }
    }
}

#[cfg(not(unix))]
mod signals {
    /// None: other systems have no ignored signals.
    pub fn ignored() {}

    /// Nothing to ignore.
    pub fn ignore(_: &()) {}
}
