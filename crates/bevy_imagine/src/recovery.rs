//! After the device was lost and Bevy has got another one: what was on it is made again, behind the same handles.
//!
//! Bevy makes the resources of the render world and empty textures anew (`init_gpu_resource`, `RenderAsset`); a game asks for
//! that with a `RenderErrorHandler` that answers `RenderErrorPolicy::Recover`. The jobs of the old device went with the queue.

use bevy::prelude::*;

use crate::job::{Letter, Outbox};
use crate::request::{Synthesis, SynthesisStatus};
use crate::results::Results;
use crate::synthesis::SynthesisJob;
use crate::warm_up::WarmUps;

/// Sends every job again, those of finished results too.
pub(crate) fn resend_lost(
    mut requests: Query<(Entity, &mut SynthesisJob, &mut SynthesisStatus), With<Synthesis>>,
    mut results: ResMut<Results>,
    mut warm_ups: ResMut<WarmUps>,
    mut outbox: ResMut<Outbox>,
) {
    for (entity, mut job, mut status) in &mut requests {
        if job.lose(entity, &mut results, &mut outbox) {
            *status = SynthesisStatus::Running;
        }
    }
    warm_ups.lose();
    // Whatever was to be told of the old device's jobs.
    outbox.letters.clear();
    let jobs = results.lose_all();
    if !jobs.is_empty() {
        info!("the device was lost: {} results are made again", jobs.len());
    }
    outbox.letters.extend(jobs.into_iter().map(|job| Letter::Submit(Box::new(job))));
}
