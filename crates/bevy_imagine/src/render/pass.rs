//! The pass: as much of the waiting work as fits into the frame's budget, recorded before every camera.

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderAdapterInfo, RenderContext};
use bevy::render::texture::GpuImage;
use bevy::tasks::Task;
use imagine_wgpu::{EncodeError, Recording, Run, Session};

use crate::error::SynthesisError;
use crate::memory::Allocation;
use crate::render::budget::FrameBudget;
use crate::render::extract::JobQueue;
use crate::render::prepare::Kernels;
use crate::render::present::Presentation;
use crate::synthesis::{Report, Reports};

/// How far a job is.
pub(crate) enum Progress {
    /// Just arrived.
    New,
    /// Planned and compiled on a background thread.
    Preparing(Task<Result<Box<Work>, SynthesisError>>),
    /// What the background thread made, until it is taken.
    Prepared(Option<Result<Box<Work>, SynthesisError>>),
    /// Passes are recorded.
    Working(Box<Work>),
}

/// What is left to be recorded, and the GPU memory that it needs.
pub(crate) struct Work {
    pub session: Session,
    pub recording: Recording,
    pub run: Run,
    pub presentation: Presentation,
    pub _buffers: Allocation,
}

/// Records waiting work, oldest job first, until the frame's budget is used up.
pub(crate) fn synthesize(
    mut context: RenderContext,
    mut queue: ResMut<JobQueue>,
    kernels: Res<Kernels>,
    images: Res<RenderAssets<GpuImage>>,
    budget: Res<FrameBudget>,
    adapter: Res<RenderAdapterInfo>,
    reports: Res<Reports>,
) {
    if queue.jobs.is_empty() {
        return;
    }
    let mut left = budget.work(adapter.device_type).max(1);
    queue.jobs.retain_mut(|queued| {
        let Progress::Working(work) = &mut queued.progress else { return true };
        let encoded = work.encode(context.command_encoder(), &kernels, &mut left);
        let result = match encoded {
            Ok(true) if work.presentation.copy(context.command_encoder(), &images) => Ok(()),
            Ok(_) => return true,
            Err(error) => Err(error.into()),
        };
        reports.push(Report { entity: queued.job.entity, job: queued.job.id, result });
        false
    });
}

impl Work {
    /// Records what fits into `left` work and takes it off; true when nothing is left but to copy the textures.
    fn encode(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        kernels: &Kernels,
        left: &mut u64,
    ) -> Result<bool, EncodeError> {
        if *left > 0 && !self.recording.is_empty() {
            let slice = self.recording.take_front(*left);
            self.session.encode(encoder, &kernels.operators, &slice, self.run)?;
            *left = left.saturating_sub(slice.cost().work());
        }
        if *left > 0 && self.recording.is_empty() && !self.presentation.is_whole() {
            *left = left.saturating_sub(self.presentation.encode(encoder, *left));
        }
        Ok(self.recording.is_empty() && self.presentation.is_whole())
    }
}
