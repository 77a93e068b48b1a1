//! Jobs on their way from the main world.

use bevy::prelude::*;
use bevy::render::MainWorld;

use crate::render::pass::Progress;
use crate::synthesis::{Job, Letter, Outbox};

/// Jobs under way, oldest first.
#[derive(Resource, Default)]
pub(crate) struct JobQueue {
    pub jobs: Vec<QueuedJob>,
}

/// A job and how far it is.
pub(crate) struct QueuedJob {
    pub job: Job,
    pub progress: Progress,
}

/// Takes new jobs and drops those that nobody wants any more, and with them what they hold on the GPU.
pub(crate) fn extract_jobs(mut main: ResMut<MainWorld>, mut queue: ResMut<JobQueue>) {
    let mut outbox = main.resource_mut::<Outbox>();
    for letter in outbox.letters.drain(..) {
        match letter {
            Letter::Submit(job) => queue.jobs.push(QueuedJob { job: *job, progress: Progress::New }),
            Letter::Cancel(id) => queue.jobs.retain(|queued| queued.job.id != id),
        }
    }
}
