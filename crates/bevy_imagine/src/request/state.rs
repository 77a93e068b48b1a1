//! The state of a request, and the only way from one state to another: status, shared results and render world stay in step.

use bevy::ecs::entity::EntityIndexSet;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::results::Results;
use crate::error::FailureCause;
use crate::job::{JobId, RenderCommand, RenderCommands};
use crate::target::SynthesisTextures;

/// State of a request, for the game to read; the plugin sets it.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub enum SynthesisStatus {
    /// The generator is loading, or more urgent requests go first.
    #[default]
    Waiting,
    /// Shaders compile or passes run.
    Running,
    /// The target shows the requested result.
    Finished,
    /// The target shows the placeholder.
    Failed,
}

/// State of a request with the results that it holds.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub(crate) enum RequestState {
    /// Not submitted yet. The targets may still show an older result.
    Waiting { shown: Option<JobId> },
    /// `job` makes the result that will replace `shown`.
    Running { job: JobId, shown: Option<JobId> },
    /// The targets show the requested result.
    Finished { shown: JobId },
    /// The targets show the placeholder.
    Failed { cause: FailureCause },
}

/// Why a request starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restart {
    /// It asks for something else.
    Changed,
    /// The shown result is out of date: its generator or an image changed. Nobody may share it any more.
    Outdated,
}

/// Entities that may be waiting, oldest first, so that requests at rest need not be searched. Their states decide.
#[derive(Resource, Debug, Default)]
pub(crate) struct PendingRequests(EntityIndexSet);

/// All requests and everything that a change of state has to update.
#[derive(SystemParam)]
pub(crate) struct Requests<'w, 's> {
    states: Query<'w, 's, (Entity, &'static mut RequestState, &'static mut SynthesisStatus)>,
    pub results: ResMut<'w, Results>,
    pub commands: ResMut<'w, RenderCommands>,
    pub pending: ResMut<'w, PendingRequests>,
}

impl Default for RequestState {
    fn default() -> Self {
        Self::Waiting { shown: None }
    }
}

impl RequestState {
    /// The shown result.
    pub fn shown(self) -> Option<JobId> {
        match self {
            Self::Waiting { shown } | Self::Running { shown, .. } => shown,
            Self::Finished { shown } => Some(shown),
            Self::Failed { .. } => None,
        }
    }

    /// The unfinished job.
    fn job(self) -> Option<JobId> {
        if let Self::Running { job, .. } = self { Some(job) } else { None }
    }

    fn status(self) -> SynthesisStatus {
        match self {
            Self::Waiting { .. } => SynthesisStatus::Waiting,
            Self::Running { .. } => SynthesisStatus::Running,
            Self::Finished { .. } => SynthesisStatus::Finished,
            Self::Failed { .. } => SynthesisStatus::Failed,
        }
    }
}

impl PendingRequests {
    pub fn insert(&mut self, entity: Entity) {
        self.0.insert(entity);
    }

    /// Takes all of them, the highest priority first, equal ones oldest first.
    pub fn take(&mut self, priority: impl Fn(Entity) -> i32) -> Vec<Entity> {
        let mut pending: Vec<Entity> = std::mem::take(&mut self.0).into_iter().collect();
        pending.sort_by_key(|entity| std::cmp::Reverse(priority(*entity)));
        pending
    }
}

impl Requests<'_, '_> {
    pub fn get(&self, entity: Entity) -> Option<RequestState> {
        self.states.get(entity).ok().map(|(_, state, _)| *state)
    }

    /// Gives up the unfinished job; the request waits to be submitted again. The targets keep what they show.
    pub fn restart(&mut self, entity: Entity, reason: Restart) {
        let Some(state) = self.get(entity) else { return };
        // A result that is being made again in its own place goes with its job.
        let shown = state.shown().filter(|shown| state.job() != Some(*shown));
        self.leave(state.job(), entity);
        if let Some(shown) = shown.filter(|_| reason == Restart::Outdated) {
            self.results.unlist(shown);
        }
        self.enter(entity, RequestState::Waiting { shown });
        self.pending.insert(entity);
    }

    /// A waiting request gets its result from `job`.
    pub fn run(&mut self, entity: Entity, job: JobId) {
        let shown = self.get(entity).and_then(RequestState::shown);
        self.enter(entity, RequestState::Running { job, shown });
    }

    /// The result of `job` replaces the shown one. Returns its textures, or `None` if the request no longer wants them.
    pub fn finish(&mut self, entity: Entity, job: JobId) -> Option<SynthesisTextures> {
        let state = self.get(entity).filter(|state| state.job() == Some(job))?;
        let textures = self.results.textures(job)?.clone();
        self.leave(state.shown().filter(|shown| *shown != job), entity);
        self.enter(entity, RequestState::Finished { shown: job });
        Some(textures)
    }

    /// `job` failed. Returns whether the request still depended on it.
    pub fn fail(&mut self, entity: Entity, job: JobId, cause: FailureCause) -> bool {
        let Some(state) = self.get(entity) else { return false };
        let depends = state.job() == Some(job) || state == RequestState::Finished { shown: job };
        if depends {
            self.leave(state.shown(), entity);
            self.enter(entity, RequestState::Failed { cause });
        }
        depends
    }

    /// The request ends: gives back everything that it holds.
    pub fn release(&mut self, entity: Entity) {
        let Some(state) = self.get(entity) else { return };
        self.leave(state.job(), entity);
        self.leave(state.shown(), entity);
    }

    /// The device was lost: finished results are made again in their own place, older ones are given up, and requests that
    /// failed because of the device try again.
    pub fn lose_device(&mut self) {
        let states: Vec<_> = self.states.iter().map(|(entity, state, _)| (entity, *state)).collect();
        for (entity, state) in states {
            match state {
                RequestState::Finished { shown } => {
                    self.enter(entity, RequestState::Running { job: shown, shown: None });
                }
                RequestState::Waiting { shown: Some(shown) } => {
                    self.leave(Some(shown), entity);
                    self.enter(entity, RequestState::Waiting { shown: None });
                }
                RequestState::Running { job, shown: Some(shown) } if shown != job => {
                    self.leave(Some(shown), entity);
                    self.enter(entity, RequestState::Running { job, shown: None });
                }
                RequestState::Failed { cause: FailureCause::Device } => self.restart(entity, Restart::Changed),
                _ => {}
            }
        }
    }

    /// `entity` no longer uses a result; its job is cancelled if nobody else does.
    fn leave(&mut self, job: Option<JobId>, entity: Entity) {
        if let Some(job) = job.filter(|job| self.results.leave(*job, entity)) {
            self.commands.list.push(RenderCommand::Cancel(job));
        }
    }

    fn enter(&mut self, entity: Entity, state: RequestState) {
        if let Ok((_, mut old, mut status)) = self.states.get_mut(entity) {
            *old = state;
            *status = state.status();
        }
    }
}
