//! The pass: as much of the waiting work as fits into the frame's budget, recorded before every camera.

use bevy::prelude::*;
use bevy::render::diagnostic::RecordDiagnostics;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::RenderContext;
use bevy::render::texture::GpuImage;
use bevy::tasks::Task;
use imagine_wgpu::{EncodeError, Recording, RunSeed, Session};

use crate::brush::{MAX_STROKES, PlannedStroke};
use crate::error::SynthesisError;
use crate::job::{Report, Reports};
use crate::memory::Allocation;
use crate::render::budget::{FrameBudget, ImagineStats};
use crate::render::cost::{CostModel, KernelId, Workload};
use crate::render::extract::JobQueue;
use crate::render::prepare::Kernels;
use crate::render::present::{PresentPass, Presentation, encode_passes, paint};
use crate::render::timer::GpuTimer;

/// How far a job is.
pub(crate) enum Progress {
    /// Just arrived, or waiting for memory.
    New,
    /// Planned and compiled on a background thread.
    Preparing(Task<Prepared>),
    /// What the background thread made, until it is taken.
    Prepared(Option<Prepared>),
    /// Passes are recorded.
    Working(Box<Work>),
}

impl Progress {
    /// Whether the first result is whole and it goes on from there.
    pub fn lives(&self) -> bool {
        matches!(self, Progress::Working(work) if work.lives)
    }
}

/// Work, or nothing for want of memory, or why there cannot be any.
pub(crate) type Prepared = Result<Option<Box<Work>>, SynthesisError>;

/// What is left to be recorded, and the GPU memory that it needs.
pub(crate) struct Work {
    pub session: Session,
    /// Pictures to tensors.
    pub uploads: std::collections::VecDeque<PresentPass>,
    pub recording: Recording,
    pub run: RunSeed,
    pub presentation: Presentation,
    /// Steps that were recorded.
    pub done: u32,
    /// Steps that a living result is behind.
    pub owed: f32,
    /// Strokes that wait to be painted.
    pub strokes: Vec<PlannedStroke>,
    /// Whether the first result is whole and it goes on from there.
    pub lives: bool,
    pub _buffers: Allocation,
}

/// Name of our work in the frame's GPU times: `render/imagine/elapsed_gpu`.
const GPU_SPAN: &str = "imagine";
/// Most steps that a living result makes up for at once.
const MOST_OWED: f32 = 8.0;

/// What a frame has left and where its times go.
struct Frame<'a> {
    encoder: &'a mut wgpu::CommandEncoder,
    kernels: &'a Kernels,
    costs: &'a CostModel,
    timer: &'a mut GpuTimer,
    /// Nanoseconds.
    left: u64,
    slice: u64,
    /// Whether nothing was recorded yet: then one workgroup is, whatever it costs.
    is_empty: bool,
}

/// Records waiting work, best ranked job first, until the frame's budget is used up.
pub(crate) fn synthesize(
    mut context: RenderContext,
    mut queue: ResMut<JobQueue>,
    kernels: Res<Kernels>,
    images: Res<RenderAssets<GpuImage>>,
    budget: Res<FrameBudget>,
    mut costs: ResMut<CostModel>,
    mut timer: ResMut<GpuTimer>,
    stats: Res<ImagineStats>,
    reports: Res<Reports>,
) {
    learn(&mut timer, &mut costs, &stats);
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
            left: whole,
            slice: budget.slice_nanoseconds(),
            is_empty: true,
        };
        record(&mut queue, &mut frame, &images, &reports);
        spent = whole.saturating_sub(frame.left);
        frame.timer.finish_frame(frame.encoder);
        gpu_span.end(frame.encoder);
    }
    stats.update(|stats| {
        stats.planned_ms = spent as f32 / 1e6;
        stats.queue = queue.jobs.iter().filter(|queued| !queued.progress.lives()).count();
    });
}

/// Records what fits of every job, and takes those that are done out of the queue.
fn record(queue: &mut JobQueue, frame: &mut Frame, images: &RenderAssets<GpuImage>, reports: &Reports) {
    let mut done = Vec::new();
    for index in queue.order() {
        let queued = &mut queue.jobs[index];
        let Progress::Working(work) = &mut queued.progress else { continue };
        let _span = debug_span!("imagine_job", generator = queued.job.generator.name()).entered();
        let result = match work.encode(frame) {
            Ok(true) if work.presentation.copy(frame.encoder, images) => Ok(()),
            Ok(_) => continue,
            Err(error) => Err(error.into()),
        };
        if queued.job.steps_per_second.is_some() && result.is_ok() {
            work.presentation.is_copied = true;
            if !std::mem::replace(&mut work.lives, true) {
                reports.push(Report::Job(queued.job.id, Ok(())));
            }
            continue;
        }
        reports.push(Report::Job(queued.job.id, result));
        done.push(queued.job.id);
    }
    queue.jobs.retain(|queued| !done.contains(&queued.job.id));
}

/// Takes in what earlier frames took.
fn learn(timer: &mut GpuTimer, costs: &mut CostModel, stats: &ImagineStats) {
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

impl Work {
    /// A living result is `steps` more steps behind.
    pub fn owe(&mut self, steps: f32) {
        if self.lives {
            self.owed = (self.owed + steps).min(MOST_OWED);
        }
    }

    /// A stroke is painted before the next steps. Of too many the oldest are dropped.
    pub fn paint(&mut self, stroke: PlannedStroke) {
        if self.strokes.len() == MAX_STROKES {
            self.strokes.remove(0);
        }
        self.strokes.push(stroke);
    }

    /// Has a living result go on once it is shown. Steps come in pairs: states alternate between two places, and the passes
    /// that show them read one.
    fn go_on(&mut self, kernels: &Kernels) -> Result<(), EncodeError> {
        let steps = self.owed as u32 / 2 * 2;
        if !self.lives || !self.presentation.is_copied || (steps == 0 && self.strokes.is_empty()) {
            return Ok(());
        }
        self.uploads = paint(&kernels.present, &self.session, self.done, &std::mem::take(&mut self.strokes))?;
        self.owed -= steps as f32;
        let plan = self.session.plan().clone();
        self.recording = plan.steps(self.done, steps);
        self.done = self.done.wrapping_add(steps);
        self.recording.append(plan.output(self.done));
        self.presentation.restart();
        Ok(())
    }

    /// Records what fits; true when nothing is left but to copy the textures.
    fn encode(&mut self, frame: &mut Frame) -> Result<bool, EncodeError> {
        self.go_on(frame.kernels)?;
        if self.presentation.is_copied {
            return Ok(false);
        }
        while !self.uploads.is_empty() && frame.present(&mut self.uploads) {}
        while self.uploads.is_empty() && !self.recording.is_empty() {
            let costs = frame.costs;
            let budget = frame.slice_budget();
            let slice = self.recording.take_front(budget, frame.is_empty, |pass| costs.price_of(pass));
            if slice.is_empty() {
                return Ok(false);
            }
            let mut workload = Workload::default();
            slice.passes.iter().for_each(|pass| workload.add(KernelId::of(pass), pass.cost().work()));
            let price: u64 = slice.passes.iter().map(|pass| costs.price_of(pass)).sum();
            let times = frame.timer.span();
            let is_timed = times.is_some();
            self.session.encode_timed(frame.encoder, &frame.kernels.operators, &slice, self.run, times)?;
            frame.spend(price, workload, is_timed);
        }
        while self.recording.is_empty() && !self.presentation.is_whole() && frame.present(&mut self.presentation.passes)
        {
        }
        Ok(self.recording.is_empty() && self.presentation.is_whole())
    }
}

impl Frame<'_> {
    /// Records one slice of presentation passes; false if none fits.
    fn present(&mut self, passes: &mut std::collections::VecDeque<PresentPass>) -> bool {
        let budget = self.slice_budget();
        let mut workload = Workload::default();
        let mut price = 0;
        let mut count = 0;
        for pass in passes.iter() {
            let cost = self.costs.price(pass.kernel, pass.work);
            let fits = price + cost <= budget || (self.is_empty && count == 0);
            if !fits {
                break;
            }
            price += cost;
            count += 1;
            workload.add(pass.kernel, pass.work);
        }
        if count == 0 {
            return false;
        }
        let times = self.timer.span();
        let is_timed = times.is_some();
        encode_passes(passes.drain(..count), self.encoder, times);
        self.spend(price, workload, is_timed);
        true
    }

    /// Nanoseconds of work of the next slice. The first of a frame gets half the budget even where slices cost more than that
    /// by themselves: a small budget makes things slow, but not stop.
    fn slice_budget(&self) -> u64 {
        let left = self.left.saturating_sub(self.costs.slice());
        let least = if self.is_empty { self.left / 2 } else { 0 };
        left.max(least).min(self.slice)
    }

    fn spend(&mut self, price: u64, workload: Workload, is_timed: bool) {
        self.is_empty = false;
        self.left = self.left.saturating_sub(price + self.costs.slice());
        if is_timed {
            self.timer.measured(workload);
        }
    }
}
