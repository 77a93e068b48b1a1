//! What main and render world send each other: jobs and how they are ranked, and reports.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::ecs::entity::EntityIndexSet;
use bevy::prelude::*;
use imagine_graph::Request;

use crate::asset::Generator;
use crate::brush::PlannedStroke;
use crate::error::SynthesisError;
use crate::target::{Destination, TexturePlan};

/// Tells jobs, and the results that they make, apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct JobId(u64);

/// Everything that the render world needs to make one result.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub id: JobId,
    pub generator: Generator,
    pub request: Request,
    /// Pictures of image and mask inputs.
    pub images: Vec<(String, AssetId<Image>)>,
    /// Steps a second after the first result, of a living one.
    pub steps_per_second: Option<f32>,
    /// Mip levels that are made but not kept: the textures begin with the one below.
    pub skipped_levels: u32,
    /// The textures to make, and where each goes.
    pub textures: Vec<(TexturePlan, Destination)>,
}

/// Which of two jobs comes first: the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rank {
    pub priority: i32,
    pub on_screen: bool,
    /// Distance to the nearest camera, in world units.
    pub distance: f32,
}

/// From main to render world.
#[derive(Debug)]
pub(crate) enum Letter {
    Submit(Box<Job>),
    Cancel(JobId),
    Brush(JobId, PlannedStroke),
    WarmUp(AssetId<Generator>, Generator),
}

/// What goes to the render world: requests that have to be sent, and letters, which are taken at extraction.
#[derive(Resource, Debug, Default)]
pub(crate) struct Outbox {
    /// Requests that are not sent yet, oldest first. Nobody has to look at those at rest to find them.
    pub waiting: EntityIndexSet,
    pub letters: Vec<Letter>,
    /// Seconds since the last extraction.
    pub elapsed: f32,
    /// Ranks of the jobs under way.
    pub ranks: Vec<(JobId, Rank)>,
    last: u64,
}

/// From render to main world.
#[derive(Debug)]
pub(crate) enum Report {
    Job(JobId, Result<(), SynthesisError>),
    WarmUp(AssetId<Generator>, Result<(), SynthesisError>),
}

/// Reports to the main world; shared, because the two worlds may run at the same time.
#[derive(Resource, Clone, Debug, Default)]
pub(crate) struct Reports(Arc<Mutex<Vec<Report>>>);

impl Reports {
    pub fn push(&self, report: Report) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }

    pub fn take(&self) -> Vec<Report> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Outbox {
    /// The requests that wait, the most urgent first, of equals the oldest.
    pub fn take_waiting(&mut self, priority: impl Fn(Entity) -> i32) -> Vec<Entity> {
        let mut waiting: Vec<Entity> = std::mem::take(&mut self.waiting).into_iter().collect();
        waiting.sort_by_key(|entity| std::cmp::Reverse(priority(*entity)));
        waiting
    }

    pub fn next_id(&mut self) -> JobId {
        self.last += 1;
        JobId(self.last)
    }
}

impl Rank {
    /// The greater of the two comes first.
    pub fn compare(&self, other: &Rank) -> std::cmp::Ordering {
        let key = |rank: &Rank| (rank.priority, rank.on_screen);
        key(self).cmp(&key(other)).then(other.distance.total_cmp(&self.distance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_then_visibility_then_distance() {
        let rank = |priority, on_screen, distance| Rank { priority, on_screen, distance };
        let ascending = [rank(0, false, 1.0), rank(0, true, 9.0), rank(0, true, 2.0), rank(1, false, 100.0)];
        for (a, b) in ascending.iter().zip(&ascending[1..]) {
            assert_eq!(a.compare(b), std::cmp::Ordering::Less, "{a:?} {b:?}");
        }
    }
}
