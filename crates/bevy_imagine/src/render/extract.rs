//! Jobs on their way from the main world, and the order in which they are worked on.

use std::collections::HashMap;

use bevy::prelude::*;
use bevy::render::MainWorld;

use crate::asset::Generator;
use crate::job::{Job, JobId, Letter, Outbox, Rank};
use crate::render::budget::{FrameBudget, ImagineBudget};
use crate::render::pass::Progress;

/// Every so many frames the oldest job goes first, so that a stream of better ranked ones starves nobody.
const FAIR_EVERY: u64 = 8;

/// Jobs under way, oldest first.
#[derive(Resource, Default)]
pub(crate) struct JobQueue {
    pub jobs: Vec<QueuedJob>,
    /// Generators to compile.
    pub warm_ups: Vec<(AssetId<Generator>, Generator)>,
    ranks: HashMap<JobId, Rank>,
    frame: u64,
}

/// A job and how far it is.
pub(crate) struct QueuedJob {
    pub job: Job,
    pub progress: Progress,
}

/// Takes new jobs and drops those that nobody wants any more, and with them what they hold on the GPU.
pub(crate) fn extract_jobs(mut main: ResMut<MainWorld>, mut queue: ResMut<JobQueue>, mut budget: ResMut<FrameBudget>) {
    budget.milliseconds = main.resource::<ImagineBudget>().milliseconds;
    let mut outbox = main.resource_mut::<Outbox>();
    for letter in outbox.letters.drain(..) {
        match letter {
            Letter::Submit(job) => queue.jobs.push(QueuedJob { job: *job, progress: Progress::New }),
            Letter::WarmUp(id, generator) => queue.warm_ups.push((id, generator)),
            Letter::Brush(id, stroke) => {
                if let Some(queued) = queue.jobs.iter_mut().find(|queued| queued.job.id == id)
                    && let Progress::Working(work) = &mut queued.progress
                {
                    work.paint(stroke);
                }
            }
            Letter::Cancel(id) => queue.jobs.retain(|queued| queued.job.id != id),
        }
    }
    let elapsed = std::mem::take(&mut outbox.elapsed);
    queue.ranks = outbox.ranks.drain(..).collect();
    for queued in &mut queue.jobs {
        if let (Progress::Working(work), Some(rate)) = (&mut queued.progress, queued.job.steps_per_second) {
            work.owe(elapsed * rate);
        }
    }
}

impl JobQueue {
    /// Indices of the jobs in the order of this frame: best rank first, results that live on last, then oldest.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.jobs.len()).collect();
        let rank = |index: &usize| self.ranks.get(&self.jobs[*index].job.id).copied().unwrap_or_default();
        let lives = |index: &usize| self.jobs[*index].progress.lives();
        order.sort_by(|a, b| lives(a).cmp(&lives(b)).then(rank(b).compare(&rank(a))).then(a.cmp(b)));
        if self.frame.is_multiple_of(FAIR_EVERY)
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
