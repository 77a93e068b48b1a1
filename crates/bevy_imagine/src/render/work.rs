//! The recording of one job, slice by slice, as far as a frame's budget goes.

use bevy::render::render_asset::RenderAssets;
use bevy::render::texture::GpuImage;
use imagine_wgpu::{EncodeError, Recording, RunSeed, Session};

use super::cost::{CostModel, KernelId, Workload};
use super::dispatches::Dispatches;
use super::kernels::Kernels;
use super::texture_io::{TextureWriter, input_images, paint_state, upload_images};
use super::timer::GpuTimer;
use crate::job::{Job, Live, PlannedStroke};
use crate::memory::Allocation;

/// Most strokes on one result that wait for their frame; beyond it the oldest are dropped.
const MAX_STROKES: usize = 256;
/// Most steps that a living result catches up on at once.
const MAX_OWED_STEPS: f32 = 8.0;

/// The passes of a job still to be recorded, and the GPU memory they need.
pub(crate) struct Work {
    pub session: Session,
    /// Input images to tensors, or strokes onto the state.
    pub uploads: Dispatches,
    pub recording: Recording,
    pub seed: RunSeed,
    pub textures: TextureWriter,
    /// Steps after which the textures show the state.
    pub steps: u32,
    pub _buffers: Allocation,
}

/// The work of a result that is shown and keeps changing.
pub(crate) struct LiveWork {
    job: Job,
    work: Work,
    /// The textures that `work.uploads` read; empty until the first update of a result of every frame.
    views: Vec<wgpu::TextureView>,
    /// Whether the next textures are under way; otherwise the work rests.
    is_updating: bool,
    /// Steps that the result is behind.
    owed: f32,
    /// Strokes to paint before the next steps.
    strokes: Vec<PlannedStroke>,
}

/// What is left of a frame's budget, and what recording needs.
pub(crate) struct Frame<'a> {
    pub encoder: &'a mut wgpu::CommandEncoder,
    pub kernels: &'a Kernels,
    pub costs: &'a CostModel,
    pub timer: &'a mut GpuTimer,
    pub images: &'a RenderAssets<GpuImage>,
    /// Nanoseconds.
    pub left: u64,
    /// Longest slice in nanoseconds.
    pub slice: u64,
    /// Whether nothing is recorded yet: at least one workgroup is, whatever it costs.
    pub is_empty: bool,
}

impl Work {
    /// Records what fits. Returns whether the textures are complete and copied to where they are shown.
    pub fn record(&mut self, frame: &mut Frame) -> Result<bool, EncodeError> {
        while !self.uploads.is_done() && frame.dispatch(&mut self.uploads) {}
        while self.uploads.is_done() && !self.recording.is_empty() {
            if !self.record_slice(frame)? {
                return Ok(false);
            }
        }
        while self.recording.is_empty() && !self.textures.passes.is_done() && frame.dispatch(&mut self.textures.passes)
        {
        }
        let is_complete = self.recording.is_empty() && self.textures.passes.is_done();
        Ok(is_complete && self.textures.copy(frame.encoder, frame.images))
    }

    /// Records one slice of the network; false if none fits.
    fn record_slice(&mut self, frame: &mut Frame) -> Result<bool, EncodeError> {
        let (costs, budget) = (frame.costs, frame.slice_budget());
        let slice = self.recording.take_front(budget, frame.is_empty, |pass| costs.price_of(pass));
        if slice.is_empty() {
            return Ok(false);
        }
        let mut workload = Workload::default();
        slice.passes.iter().for_each(|pass| workload.add(KernelId::of(pass), pass.cost().work()));
        let price = slice.passes.iter().map(|pass| costs.price_of(pass)).sum();
        let times = frame.timer.span();
        let is_timed = times.is_some();
        self.session.encode_timed(frame.encoder, &frame.kernels.store, &slice, self.seed, times)?;
        frame.spend(price, workload, is_timed);
        Ok(true)
    }
}

impl LiveWork {
    pub fn new(work: Work, job: Job) -> Self {
        Self { job, work, views: Vec::new(), is_updating: false, owed: 0.0, strokes: Vec::new() }
    }

    /// The result is `steps` more steps behind.
    pub fn owe(&mut self, steps: f32) {
        self.owed = (self.owed + steps).min(MAX_OWED_STEPS);
    }

    /// Adds a stroke.
    pub fn paint(&mut self, stroke: PlannedStroke) {
        if self.strokes.len() == MAX_STROKES {
            self.strokes.remove(0);
        }
        self.strokes.push(stroke);
    }

    /// Records what fits of the update under way, or of the next one if it is due.
    pub fn record(&mut self, frame: &mut Frame) -> Result<(), EncodeError> {
        if !self.is_updating {
            self.is_updating = match self.job.key.live {
                Some((_, Live::EveryFrame)) => self.start_again(frame.kernels, frame.images)?,
                _ => self.start_steps(frame.kernels)?,
            };
        }
        self.is_updating = self.is_updating && !self.work.record(frame)?;
        Ok(())
    }

    /// Starts to compute the result again from its images; false while one of them is missing.
    fn start_again(&mut self, kernels: &Kernels, images: &RenderAssets<GpuImage>) -> Result<bool, EncodeError> {
        let Some(inputs) = input_images(&self.job, images) else { return Ok(false) };
        let work = &mut self.work;
        if inputs.iter().map(|input| &input.view).eq(&self.views) {
            work.uploads.rewind();
        } else {
            // The first time, and after an image got another texture.
            work.uploads = upload_images(kernels, &work.session, &inputs)?;
            self.views = inputs.into_iter().map(|input| input.view).collect();
        }
        work.recording = work.session.plan().whole(work.steps);
        work.textures.passes.rewind();
        Ok(true)
    }

    /// Starts the next update if steps or strokes are due. Steps come in pairs: states alternate between two buffers, and
    /// the texture passes read one.
    fn start_steps(&mut self, kernels: &Kernels) -> Result<bool, EncodeError> {
        let steps = self.owed as u32 / 2 * 2;
        if steps == 0 && self.strokes.is_empty() {
            return Ok(false);
        }
        let work = &mut self.work;
        work.uploads = paint_state(kernels, &work.session, work.steps, &std::mem::take(&mut self.strokes))?;
        self.owed -= steps as f32;
        let plan = work.session.plan().clone();
        work.recording = plan.steps(work.steps, steps);
        work.steps = work.steps.wrapping_add(steps);
        work.recording.append(plan.output(work.steps));
        work.textures.passes.rewind();
        Ok(true)
    }
}

impl Frame<'_> {
    /// Records one slice of dispatches; false if none fits.
    fn dispatch(&mut self, dispatches: &mut Dispatches) -> bool {
        let budget = self.slice_budget();
        let mut workload = Workload::default();
        let (mut price, mut count) = (0, 0);
        for dispatch in dispatches.remaining() {
            let cost = self.costs.price(dispatch.kernel, dispatch.work);
            if price + cost > budget && !(self.is_empty && count == 0) {
                break;
            }
            price += cost;
            count += 1;
            workload.add(dispatch.kernel, dispatch.work);
        }
        if count == 0 {
            return false;
        }
        let times = self.timer.span();
        let is_timed = times.is_some();
        dispatches.encode(count, self.encoder, times);
        self.spend(price, workload, is_timed);
        true
    }

    /// Nanoseconds of work of the next slice. The first slice of a frame gets at least half the budget even if a slice's
    /// overhead alone exceeds it: a small budget slows work down but never stops it.
    fn slice_budget(&self) -> u64 {
        let left = self.left.saturating_sub(self.costs.slice_overhead());
        let least = if self.is_empty { self.left / 2 } else { 0 };
        left.max(least).min(self.slice)
    }

    fn spend(&mut self, price: u64, workload: Workload, is_timed: bool) {
        self.is_empty = false;
        self.left = self.left.saturating_sub(price + self.costs.slice_overhead());
        if is_timed {
            self.timer.measured(workload);
        }
    }
}
