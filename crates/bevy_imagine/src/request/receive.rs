//! Job events reach the requests: finished results go to the targets, failures show the placeholder.

use bevy::prelude::*;

use super::component::{Synthesis, SynthesisFailed, SynthesisFinished};
use super::register::UpdateTargets;
use super::state::{RequestState, Requests, SynthesisStatus};
use super::warm_up::{WarmUpFinished, WarmUps};
use crate::error::SynthesisError;
use crate::job::{JobEvent, JobEvents, JobId};
use crate::target::{Placeholder, SynthesisTextures};

/// Outcomes of jobs, one for each request. Submission adds those that need no job: errors, and shared results that are already
/// finished.
#[derive(Resource, Debug, Default)]
pub(crate) struct Outcomes(Vec<(Entity, JobId, Result<(), SynthesisError>)>);

impl Outcomes {
    /// Adds an outcome. Returns its job.
    pub fn add(&mut self, entity: Entity, job: JobId, outcome: Result<(), SynthesisError>) -> JobId {
        self.0.push((entity, job, outcome));
        job
    }
}

/// Updates requests and targets, and triggers the events of the game.
pub(crate) fn receive_job_events(
    mut commands: Commands,
    events: Res<JobEvents>,
    mut outcomes: ResMut<Outcomes>,
    mut warm_ups: ResMut<WarmUps>,
    mut requests: Requests,
    mut placeholder: ResMut<Placeholder>,
    mut images: ResMut<Assets<Image>>,
) {
    let _span = debug_span!("imagine_receive").entered();
    for event in events.take() {
        match event {
            JobEvent::WarmedUp(generator, result) => {
                warm_ups.finish(generator);
                commands.trigger(WarmUpFinished { generator, result });
            }
            JobEvent::Finished(job) => {
                outcomes.0.extend(requests.results.finish(job).into_iter().map(|user| (user, job, Ok(()))));
            }
            JobEvent::Failed(job, error) => {
                let users = requests.results.remove(job).into_iter();
                outcomes.0.extend(users.map(|user| (user, job, Err(error.clone()))));
            }
        }
    }
    // A request that has changed since waits for another job and ignores this one.
    for (entity, job, outcome) in outcomes.0.drain(..) {
        match outcome {
            Ok(()) => {
                let Some(textures) = requests.finish(entity, job) else { continue };
                commands.trigger(UpdateTargets::show(entity, textures.clone()));
                commands.entity(entity).try_insert(textures);
                commands.trigger(SynthesisFinished { entity });
            }
            Err(error) if requests.fail(entity, job, error.cause()) => {
                // Bevy's asset server has logged why a file did not load.
                if !matches!(error, SynthesisError::Load(_)) {
                    error!("{error}");
                }
                commands.trigger(UpdateTargets::fail(entity, placeholder.get_or_create(&mut images)));
                commands.entity(entity).try_remove::<SynthesisTextures>();
                commands.trigger(SynthesisFailed { entity, error });
            }
            Err(_) => {}
        }
    }
}

/// Releases everything that a removed request holds. Its targets observe the removal too.
pub(crate) fn release_request(removed: On<Remove, Synthesis>, mut commands: Commands, mut requests: Requests) {
    requests.release(removed.entity);
    let mut entity = commands.entity(removed.entity);
    entity.try_remove::<(RequestState, SynthesisStatus, SynthesisTextures)>();
}
