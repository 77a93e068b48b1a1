//! Messages between the worlds: render commands one way, job events the other.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use imagine_graph::Request;

use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::image_source::ImageChannels;
use crate::target::{Destination, TexturePlan};

/// Identifies a job and the result that it makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct JobId(u64);

/// Everything a result depends on. Equal keys give equal textures.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResultKey {
    pub generator: Generator,
    pub request: Request,
    /// Images for image and mask inputs.
    pub images: Vec<JobImage>,
    pub textures: Vec<TexturePlan>,
    /// Mip levels that are made but not kept: the textures begin with the one below.
    pub skipped_levels: u32,
    /// The entity whose result keeps changing after it is finished, and how.
    pub live: Option<(Entity, Live)>,
}

/// How a finished result keeps changing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Live {
    /// By this many steps of its recurrence per second.
    Steps(f32),
    /// It is computed again from its images in every frame.
    EveryFrame,
}

/// An image for an input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JobImage {
    /// Name of the input.
    pub input: String,
    pub image: AssetId<Image>,
    pub channels: ImageChannels,
}

/// Everything the render world needs to make one result.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub id: JobId,
    pub key: Arc<ResultKey>,
    /// Where each texture goes, in the order of the key's textures.
    pub destinations: Vec<Destination>,
}

/// Orders jobs: the greater comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rank {
    pub priority: i32,
    pub on_screen: bool,
    /// Distance to the nearest camera in world units.
    pub distance: f32,
}

/// A brush stroke, resolved to channels of the state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlannedStroke {
    /// Centre in widths and heights of the texture.
    pub uv: Vec2,
    /// Radius in widths of the texture.
    pub radius: f32,
    pub softness: f32,
    pub strength: f32,
    /// First channel that `numbers` are written to.
    pub first: u32,
    pub numbers: Vec<f32>,
    /// Amplitude of the random numbers in all other channels; `None` leaves these unchanged.
    pub amplitude: Option<f32>,
    /// Key of the random numbers.
    pub key: u32,
}

/// From the main to the render world.
#[derive(Debug)]
pub(crate) enum RenderCommand {
    Submit(Job),
    Cancel(JobId),
    Paint(JobId, PlannedStroke),
    WarmUp(AssetId<Generator>, Generator),
}

/// Commands for the render world since the last extraction, which takes them.
#[derive(Resource, Debug, Default)]
pub(crate) struct RenderCommands {
    pub list: Vec<RenderCommand>,
    /// Seconds since the last extraction.
    pub elapsed: f32,
    /// Ranks of the unfinished jobs.
    pub ranks: Vec<(JobId, Rank)>,
    last: u64,
}

/// From the render to the main world.
#[derive(Debug)]
pub(crate) enum JobEvent {
    /// The textures of the job are complete.
    Finished(JobId),
    Failed(JobId, SynthesisError),
    WarmedUp(AssetId<Generator>, Result<(), SynthesisError>),
}

/// Events for the main world; shared, because both worlds may run at the same time.
#[derive(Resource, Clone, Debug, Default)]
pub(crate) struct JobEvents(Arc<Mutex<Vec<JobEvent>>>);

impl JobEvents {
    pub fn push(&self, event: JobEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    pub fn take(&self) -> Vec<JobEvent> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RenderCommands {
    pub fn next_id(&mut self) -> JobId {
        self.last += 1;
        JobId(self.last)
    }
}

impl Rank {
    /// Compares priority, then visibility, then distance; the nearer job is greater.
    pub fn compare(&self, other: &Rank) -> std::cmp::Ordering {
        let key = |rank: &Rank| (rank.priority, rank.on_screen);
        key(self).cmp(&key(other)).then(other.distance.total_cmp(&self.distance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_compares_priority_then_visibility_then_distance() {
        let rank = |priority, on_screen, distance| Rank { priority, on_screen, distance };
        let ascending = [rank(0, false, 1.0), rank(0, true, 9.0), rank(0, true, 2.0), rank(1, false, 100.0)];
        for (a, b) in ascending.iter().zip(&ascending[1..]) {
            assert_eq!(a.compare(b), std::cmp::Ordering::Less, "{a:?} {b:?}");
        }
    }
}
