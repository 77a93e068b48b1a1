//! Extraction: the render world takes the commands of the main world.

use bevy::prelude::*;
use bevy::render::MainWorld;

use super::budget::{FrameBudget, ImagineBudget};
use super::queue::{JobQueue, Progress, QueuedJob};
use crate::job::{Live, RenderCommand, RenderCommands};

/// Takes new jobs, strokes and ranks, and drops cancelled jobs with everything they hold on the GPU.
pub(crate) fn extract_jobs(mut main: ResMut<MainWorld>, mut queue: ResMut<JobQueue>, mut budget: ResMut<FrameBudget>) {
    let _span = debug_span!("imagine_extract").entered();
    budget.milliseconds = main.resource::<ImagineBudget>().milliseconds;
    let mut commands = main.resource_mut::<RenderCommands>();
    for command in commands.list.drain(..) {
        match command {
            RenderCommand::Submit(job) => queue.jobs.push(QueuedJob { job, progress: Progress::Queued }),
            RenderCommand::WarmUp(id, generator) => queue.warm_ups.push((id, generator)),
            RenderCommand::Paint(id, stroke) => {
                let painted = queue.jobs.iter_mut().find(|queued| queued.job.id == id);
                if let Some(Progress::Live(live)) = painted.map(|queued| &mut queued.progress) {
                    live.paint(stroke);
                }
            }
            RenderCommand::Cancel(id) => queue.jobs.retain(|queued| queued.job.id != id),
        }
    }
    let elapsed = std::mem::take(&mut commands.elapsed);
    queue.ranks = commands.ranks.drain(..).collect();
    for queued in &mut queue.jobs {
        if let (Progress::Live(work), Some((_, Live::Steps(rate)))) = (&mut queued.progress, queued.job.key.live) {
            work.owe(elapsed * rate);
        }
    }
}
