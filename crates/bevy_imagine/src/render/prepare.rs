//! From a job to work that is ready to be recorded: plan, buffers, textures and compiled shaders, made on a background
//! thread.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice, RenderQueue};
use bevy::tasks::AsyncComputeTaskPool;
use bevy::tasks::futures::check_ready;
use imagine_wgpu::{BoundsChecks, Limits, PipelineStore, Plan, Run, Session};

use crate::error::SynthesisError;
use crate::memory::ImagineMemory;
use crate::render::budget::FrameBudget;
use crate::render::extract::JobQueue;
use crate::render::pass::{Progress, Work};
use crate::render::present::{PresentPipelines, Presentation};
use crate::synthesis::{Job, Report, Reports};

/// Compiled shaders of this device. Clones share them.
#[derive(Resource, Clone)]
pub(crate) struct Kernels {
    /// Those of operators. Generator files are from outside, so every index is checked.
    pub operators: PipelineStore,
    /// Those that make textures.
    pub present: PresentPipelines,
    /// Limits that plans have to keep.
    limits: Limits,
}

impl FromWorld for Kernels {
    fn from_world(world: &mut World) -> Self {
        let device = world.resource::<RenderDevice>().wgpu_device();
        let device_type = world.resource::<RenderAdapterInfo>().device_type;
        Self {
            operators: PipelineStore::new(device, BoundsChecks::On),
            present: PresentPipelines::new(device),
            limits: Limits::new(&device.limits(), device_type),
        }
    }
}

/// Starts the preparation of new jobs and looks which are ready.
pub(crate) fn prepare_jobs(
    mut queue: ResMut<JobQueue>,
    kernels: Res<Kernels>,
    render_queue: Res<RenderQueue>,
    memory: Res<ImagineMemory>,
    budget: Res<FrameBudget>,
    reports: Res<Reports>,
) {
    queue.jobs.retain_mut(|queued| {
        if matches!(queued.progress, Progress::New) {
            let (job, kernels, memory) = (queued.job.clone(), kernels.clone(), memory.clone());
            let queue = wgpu::Queue::clone(&render_queue);
            let task = async move { prepare(&job, &kernels, &queue, &memory).map(Box::new) };
            queued.progress = if budget.synchronous {
                Progress::Prepared(Some(bevy::tasks::block_on(task)))
            } else {
                Progress::Preparing(AsyncComputeTaskPool::get().spawn(task))
            };
        }
        if let Progress::Preparing(task) = &mut queued.progress
            && let Some(result) = check_ready(task)
        {
            queued.progress = Progress::Prepared(Some(result));
        }
        let Progress::Prepared(result) = &mut queued.progress else { return true };
        match result.take() {
            Some(Ok(work)) => queued.progress = Progress::Working(work),
            Some(Err(error)) => {
                reports.push(Report { entity: queued.job.entity, job: queued.job.id, result: Err(error) });
                return false;
            }
            None => {}
        }
        true
    });
}

fn prepare(job: &Job, kernels: &Kernels, queue: &wgpu::Queue, memory: &ImagineMemory) -> Result<Work, SynthesisError> {
    let generator = job.generator.network();
    let name = || job.generator.name().to_string();
    let resolved = generator.resolve(&job.request);
    let resolved = resolved.map_err(|error| SynthesisError::Request { generator: name(), error })?;
    let device = kernels.operators.device();
    let plan = Plan::for_generator(generator, job.request.size, kernels.limits);
    let plan = Arc::new(plan.map_err(|error| SynthesisError::Plan { generator: name(), error })?);
    let recording = plan.whole(resolved.steps);
    kernels.operators.compile_all(&recording)?;
    let buffers = memory.allocate(plan.bytes());
    let session = Session::new(device, plan.clone());
    for input in &plan.inputs {
        if let Some(tensor) = resolved.inputs.get(&input.name) {
            session.set_input(queue, &input.name, tensor)?;
        }
    }
    let presentation = Presentation::new(&kernels.present, &session, resolved.steps, job, memory)?;
    let run = Run { seed: job.request.seed, lattice: job.request.lattice };
    Ok(Work { session, recording, run, presentation, _buffers: buffers })
}
