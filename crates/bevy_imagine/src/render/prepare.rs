//! From a queued job to work that can be recorded: plan, buffers, textures and shaders, made on a background thread.

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::RenderQueue;
use bevy::render::texture::GpuImage;
use bevy::tasks::futures::check_ready;
use bevy::tasks::{AsyncComputeTaskPool, block_on};
use imagine_graph::Size;
use imagine_wgpu::{RunSeed, Session};

use super::budget::FrameBudget;
use super::kernels::Kernels;
use super::queue::{JobQueue, Prepared, Progress};
use super::texture_io::{InputImage, TextureWriter, input_images, upload_images};
use super::work::Work;
use crate::error::SynthesisError;
use crate::job::{Job, JobEvent, JobEvents, Live};

/// Jobs that may hold buffers at once. Jobs that outrank one of them may raise it to twice as many.
const IN_FLIGHT: usize = 4;

/// Compiles the shaders of generators on background threads.
pub(crate) fn warm_up_generators(
    mut queue: ResMut<JobQueue>,
    kernels: Res<Kernels>,
    budget: Res<FrameBudget>,
    events: Res<JobEvents>,
) {
    for (id, generator) in std::mem::take(&mut queue.warm_ups) {
        let (kernels, events) = (kernels.clone(), events.clone());
        let task = async move { events.push(JobEvent::WarmedUp(id, kernels.warm_up(&generator))) };
        if budget.synchronous {
            block_on(task);
        } else {
            AsyncComputeTaskPool::get().spawn(task).detach();
        }
    }
}

/// Starts the preparation of queued jobs, the best ranked first, and takes prepared work.
pub(crate) fn prepare_jobs(
    mut queue: ResMut<JobQueue>,
    kernels: Res<Kernels>,
    render_queue: Res<RenderQueue>,
    images: Res<RenderAssets<GpuImage>>,
    budget: Res<FrameBudget>,
    events: Res<JobEvents>,
) {
    let _span = debug_span!("imagine_start").entered();
    if queue.jobs.is_empty() {
        kernels.release_weights();
        return;
    }
    let order = queue.order();
    let mut in_flight = queue.jobs.iter().filter(|queued| queued.progress.is_in_flight()).count();
    let last_in_flight = order.iter().rposition(|index| queue.jobs[*index].progress.is_in_flight());
    for (place, index) in order.into_iter().enumerate() {
        let outranks = last_in_flight.is_some_and(|last| place < last);
        let limit = if outranks { 2 * IN_FLIGHT } else { IN_FLIGHT };
        if in_flight >= limit {
            break;
        }
        let queued = &mut queue.jobs[index];
        if !matches!(queued.progress, Progress::Queued) {
            continue;
        }
        let Some(inputs) = input_images(&queued.job, &images) else { continue };
        let (job, kernels) = (queued.job.clone(), kernels.clone());
        let queue = wgpu::Queue::clone(&render_queue);
        let is_alone = in_flight == 0;
        let task = async move { prepare(&job, &inputs, &kernels, &queue, is_alone) };
        queued.progress = Progress::Preparing(AsyncComputeTaskPool::get().spawn(task));
        in_flight += 1;
    }
    take_prepared(&mut queue, budget.synchronous, &events);
}

/// Moves prepared jobs on; `synchronous` waits for all of them.
fn take_prepared(queue: &mut JobQueue, synchronous: bool, events: &JobEvents) {
    queue.jobs.retain_mut(|queued| {
        let Progress::Preparing(task) = &mut queued.progress else { return true };
        match if synchronous { Some(block_on(task)) } else { check_ready(task) } {
            Some(Ok(Some(work))) => queued.progress = Progress::Running(work),
            Some(Ok(None)) => queued.progress = Progress::Queued,
            Some(Err(error)) => {
                events.push(JobEvent::Failed(queued.job.id, error));
                return false;
            }
            None => {}
        }
        true
    });
}

/// Plans, compiles and allocates. A job that is alone in flight fails if there is not enough memory; others retry.
fn prepare(job: &Job, images: &[InputImage], kernels: &Kernels, queue: &wgpu::Queue, is_alone: bool) -> Prepared {
    let (name, request) = (job.key.generator.name(), &job.key.request);
    let Size { width, height, .. } = request.size;
    let _span = info_span!("imagine_prepare", generator = name, width, height, seed = request.seed).entered();
    let fail = |error| SynthesisError::Request { generator: name.into(), error };
    let uploaded: Vec<&str> = images.iter().map(|image| image.input.as_str()).collect();
    let generator = job.key.generator.network();
    let patch = generator.patch(request).map_err(fail)?;
    let (generator, request) = patch.as_ref().map_or((generator, request), |p| (&p.generator, &p.request));
    let resolved = generator.resolve_with(request, &uploaded).map_err(fail)?;
    let plan = kernels.plan(job, patch.as_ref())?;
    let own = plan.bytes() + Session::PARAMS_BYTES + TextureWriter::bytes(job);
    // What is missing of the weights is counted apart once it is there: other requests share it.
    let needed = match kernels.memory.try_allocate(own + kernels.missing_weights(&plan)) {
        Ok(needed) => needed,
        Err(error) if is_alone => return Err(error.of(name)),
        Err(_) => return Ok(None),
    };
    let recording = plan.whole(resolved.steps);
    info_span!("imagine_compile").in_scope(|| kernels.store.compile_all(&recording))?;
    if matches!(job.key.live, Some((_, Live::Steps(_)))) {
        kernels.compile_brushes()?;
    }
    let _span = info_span!("imagine_allocate").entered();
    let session = kernels.session(&plan);
    let buffers = kernels.memory.allocate(own);
    drop(needed);
    for input in &plan.inputs {
        if let Some(tensor) = resolved.inputs.get(&input.name) {
            session.set_input(queue, &input.name, tensor)?;
        }
    }
    Ok(Some(Box::new(Work {
        uploads: upload_images(kernels, &session, images)?,
        textures: TextureWriter::new(kernels, &session, resolved.steps, job)?,
        session,
        recording,
        seed: RunSeed { seed: request.seed, domain: request.domain },
        steps: resolved.steps,
        _buffers: buffers,
    })))
}
