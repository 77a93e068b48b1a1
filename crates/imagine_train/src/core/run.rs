//! The loop of a training that keeps its best generator: updates, progress, previews, checkpoints, resumption.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use imagine_graph::Card;
use imagine_graph::file::EXTENSION;

use super::clock::Clock;
use super::lock::FolderLock;
use crate::error::TrainError;

/// What a training reports: its progress `P`, and what a checkpoint found, `S`.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<P, S> {
    /// A resume set was found; training continues from this update.
    Resumed(u32),
    /// Reported once before the first update, so that a training whose files do not fit need not begin.
    Planned {
        /// Bytes that its resume sets will take, beside one that was resumed.
        bytes: u64,
    },
    /// An update is done.
    Updated(P),
    /// A resume set was written and the network was measured.
    Saved(S),
    /// A contact sheet was written.
    Previewed(PathBuf),
}

/// The state of a training, for progress messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss, in the family's units.
    pub loss: f32,
    /// Learning rate of this update.
    pub learning_rate: f32,
    /// Updates per second since the start or resumption.
    pub rate: f32,
    /// Estimated time to the end.
    pub remaining: Duration,
}

/// How long a training runs, and when it stops to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    /// Updates of the whole training.
    pub updates: u32,
    /// Updates between two checkpoints.
    pub checkpoint_every: u32,
    /// Updates between two contact sheets.
    pub preview_every: u32,
}

/// A training that its owner advances update by update.
pub(crate) trait Trainer {
    /// What it tells after an update.
    type Progress;
    /// What it tells after a checkpoint.
    type Saved;

    /// Updates done.
    fn update(&self) -> u32;

    /// When it ends and writes.
    fn rhythm(&self) -> Rhythm;

    /// Continues from the resume set in `folder`; false if there is none.
    fn resume(&mut self, folder: &Path) -> Result<bool, TrainError>;

    /// Bytes of a resume set with the state of the optimisers.
    fn full_bytes(&self, folder: &Path) -> u64;

    /// Does one update.
    fn advance(&mut self) -> Result<(), TrainError>;

    /// The state after the latest update, at `rate` updates per second.
    fn progress(&self, rate: f32, remaining: Duration) -> Self::Progress;

    /// Writes a contact sheet; returns its path.
    fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError>;

    /// Writes the resume set, and the generator if it is the best so far.
    fn save(&mut self, folder: &Path, card: &Card) -> Result<Self::Saved, TrainError>;
}

/// Trains to the end, or until `report` breaks.
///
/// All files go to `folder`, where no other training may run. A resume set found there is continued; without one, `begin` is called first.
pub(crate) fn run<T: Trainer>(
    mut training: T,
    begin: impl FnOnce(&mut T) -> Result<(), TrainError>,
    card: &Card,
    folder: &Path,
    mut report: impl FnMut(Event<T::Progress, T::Saved>) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    let _lock = FolderLock::take(folder)?;
    let is_resumed = training.resume(folder)?;
    if !is_resumed {
        begin(&mut training)?;
    } else if report(Event::Resumed(training.update())).is_break() {
        return Ok(());
    }
    let bytes = training.full_bytes(folder);
    // A new set lies beside the old one until it is whole.
    if report(Event::Planned { bytes: if is_resumed { bytes } else { 2 * bytes } }).is_break() {
        return Ok(());
    }
    let clock = Clock::start(training.update());
    let Rhythm { updates, checkpoint_every, preview_every } = training.rhythm();
    while training.update() < updates {
        training.advance()?;
        let update = training.update();
        let progress = training.progress(clock.rate(update), clock.remaining(update, updates));
        let mut stop = report(Event::Updated(progress)).is_break();
        let due = |every: u32| update.is_multiple_of(every) || update == updates;
        if due(preview_every) {
            stop |= report(Event::Previewed(training.preview(folder)?)).is_break();
        }
        if due(checkpoint_every) || stop {
            stop |= report(Event::Saved(training.save(folder, card)?)).is_break();
        }
        if stop {
            break;
        }
    }
    Ok(())
}

/// The file of the best generator of a training.
pub(crate) fn best_file(folder: &Path) -> PathBuf {
    folder.join(format!("best{EXTENSION}"))
}
