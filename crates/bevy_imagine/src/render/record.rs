//! Records as much work as fits into the frame's budget, before every camera.

use bevy::prelude::*;
use bevy::render::diagnostic::RecordDiagnostics;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::RenderContext;
use bevy::render::texture::GpuImage;

use super::budget::{FrameBudget, ImagineStats};
use super::cost::CostModel;
use super::kernels::Kernels;
use super::queue::{JobQueue, Progress, QueuedJob};
use super::timer::GpuTimer;
use super::work::Frame;
use crate::job::{JobEvent, JobEvents, JobId};
use crate::target::Destination;

/// Name of the plugin's work in the GPU times of a frame: `render/imagine/elapsed_gpu`.
const GPU_SPAN: &str = "imagine";

/// Records jobs, the best ranked first, until the frame's budget is spent.
pub(crate) fn record_jobs(
    mut context: RenderContext,
    mut queue: ResMut<JobQueue>,
    kernels: Res<Kernels>,
    images: Res<RenderAssets<GpuImage>>,
    budget: Res<FrameBudget>,
    mut costs: ResMut<CostModel>,
    mut timer: ResMut<GpuTimer>,
    stats: Res<ImagineStats>,
    events: Res<JobEvents>,
) {
    learn_costs(&mut timer, &mut costs, &stats);
    queue.next_frame();
    let mut spent = 0;
    if !queue.jobs.is_empty() {
        let _span = debug_span!("imagine_record", jobs = queue.jobs.len()).entered();
        let diagnostics = context.diagnostic_recorder();
        let diagnostics = diagnostics.as_deref();
        let gpu_span = diagnostics.time_span(context.command_encoder(), GPU_SPAN);
        let whole = budget.nanoseconds().max(1);
        let mut frame = Frame {
            encoder: context.command_encoder(),
            kernels: &kernels,
            costs: &costs,
            timer: &mut timer,
            images: &images,
            left: whole,
            slice: budget.slice_nanoseconds(),
            is_empty: true,
        };
        record_queue(&mut queue, &mut frame, &events);
        spent = whole.saturating_sub(frame.left);
        frame.timer.finish_frame(frame.encoder);
        gpu_span.end(frame.encoder);
    }
    stats.update(|stats| {
        stats.planned_ms = spent as f32 / 1e6;
        stats.queue = queue.jobs.iter().filter(|queued| !queued.progress.is_live()).count();
    });
}

/// Records what fits of every job, and removes the jobs that are done.
fn record_queue(queue: &mut JobQueue, frame: &mut Frame, events: &JobEvents) {
    let mut done = Vec::new();
    let mut written = Vec::new();
    for index in queue.order() {
        let queued = &mut queue.jobs[index];
        if is_replaced(queued, &written) {
            continue;
        }
        let span = debug_span!("imagine_job", generator = queued.job.key.generator.name());
        let recorded = match &mut queued.progress {
            Progress::Running(work) => span.in_scope(|| work.record(frame)),
            Progress::Live(live) => span.in_scope(|| live.record(frame).map(|()| false)),
            _ => continue,
        };
        let id = queued.job.id;
        match recorded {
            Ok(false) => {}
            Ok(true) => {
                events.push(JobEvent::Finished(id));
                written.extend(queued.job.destinations.iter().map(|destination| (id, *destination)));
                match queued.job.key.live {
                    Some(_) => queued.go_live(),
                    None => done.push(id),
                }
            }
            Err(error) => {
                events.push(JobEvent::Failed(id, error.into()));
                done.push(id);
            }
        }
    }
    queue.jobs.retain(|queued| !done.contains(&queued.job.id) && !is_replaced(queued, &written));
}

/// Whether another job has finished a result in the image of a live one, which may not overwrite it.
fn is_replaced(queued: &QueuedJob, written: &[(JobId, Destination)]) -> bool {
    let overwrites = |(id, at): &(JobId, Destination)| *id != queued.job.id && queued.job.destinations.contains(at);
    queued.progress.is_live() && written.iter().any(overwrites)
}

/// Corrects the cost model by the measured times of earlier frames.
fn learn_costs(timer: &mut GpuTimer, costs: &mut CostModel, stats: &ImagineStats) {
    for spans in timer.collect() {
        let total: f32 = spans.iter().map(|(_, time)| time.as_secs_f32() * 1e3).sum();
        for (workload, time) in &spans {
            costs.learn(workload, *time);
            for (shader, share) in workload.shares(costs) {
                stats.add_time(shader, time.as_secs_f64() * 1e3 * share);
            }
        }
        stats.update(|stats| {
            stats.measured_ms = Some(total);
            stats.measured_frames += 1;
        });
    }
}
