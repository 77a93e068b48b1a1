//! The jobs of the render world: how far each is, and which go first.

use std::collections::HashMap;

use bevy::prelude::*;
use bevy::tasks::Task;

use super::work::{LiveWork, Work};
use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::job::{Job, JobId, Rank};

/// The oldest job goes first once in this many frames, so that a stream of better ranked jobs never starves it.
const FAIR_INTERVAL: u64 = 8;

/// All jobs, oldest first.
#[derive(Resource, Default)]
pub(crate) struct JobQueue {
    pub jobs: Vec<QueuedJob>,
    /// Generators to warm up.
    pub warm_ups: Vec<(AssetId<Generator>, Generator)>,
    pub ranks: HashMap<JobId, Rank>,
    frame: u64,
}

/// A job and its progress.
pub(crate) struct QueuedJob {
    pub job: Job,
    pub progress: Progress,
}

/// Progress of a job.
pub(crate) enum Progress {
    /// Waits for its turn, for input images or for memory.
    Queued,
    /// A background thread plans it, compiles shaders and allocates.
    Preparing(Task<Prepared>),
    /// Its passes are recorded, a slice at a time.
    Running(Box<Work>),
    /// Its result is shown and keeps changing.
    Live(Box<LiveWork>),
}

/// `Ok(None)`: over the memory budget; retry later.
pub(crate) type Prepared = Result<Option<Box<Work>>, SynthesisError>;

impl Progress {
    /// Whether the job holds or is about to hold the memory of unfinished work.
    pub fn is_in_flight(&self) -> bool {
        matches!(self, Progress::Preparing(_) | Progress::Running(_))
    }

    pub fn is_live(&self) -> bool {
        matches!(self, Progress::Live(_))
    }
}

impl QueuedJob {
    /// Keeps the work of a finished result, which goes on changing.
    pub fn go_live(&mut self) {
        if let Progress::Running(work) = std::mem::replace(&mut self.progress, Progress::Queued) {
            self.progress = Progress::Live(Box::new(LiveWork::new(*work, self.job.clone())));
        }
    }
}

impl JobQueue {
    /// Indices of the jobs in the order of this frame: unfinished before live ones, then best rank first, then oldest.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.jobs.len()).collect();
        let rank = |index: &usize| self.ranks.get(&self.jobs[*index].job.id).copied().unwrap_or_default();
        let is_live = |index: &usize| self.jobs[*index].progress.is_live();
        order.sort_by(|a, b| is_live(a).cmp(&is_live(b)).then(rank(b).compare(&rank(a))).then(a.cmp(b)));
        if self.frame.is_multiple_of(FAIR_INTERVAL)
            && let Some(oldest) = order.iter().position(|index| *index == 0)
        {
            order[..=oldest].rotate_right(1);
        }
        order
    }

    /// Counts a frame.
    pub fn next_frame(&mut self) {
        self.frame += 1;
    }
}
