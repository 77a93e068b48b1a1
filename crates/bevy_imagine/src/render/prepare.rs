//! From a job to work that is ready to be recorded: plan, buffers, textures and compiled shaders, made on a background
//! thread.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;
use bevy::tasks::AsyncComputeTaskPool;
use bevy::tasks::futures::check_ready;
use imagine_graph::{Patch, Size};
use imagine_wgpu::{BoundsChecks, PipelineStore, Plan, PlanOptions, RunSeed, Session};

use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::job::{Job, Report, Reports};
use crate::memory::ImagineMemory;
use crate::render::budget::FrameBudget;
use crate::render::extract::JobQueue;
use crate::render::pass::{Progress, Work};
use crate::render::present::{Picture, PresentPipelines, Presentation, uploads};

/// Jobs that may hold buffers at once; better ranked ones may go beyond it up to twice as many.
const IN_FLIGHT: usize = 4;
/// Plans that are kept for requests to come.
const KEPT_PLANS: usize = 8;

/// Compiled shaders and plans of this device. Clones share them.
#[derive(Resource, Clone)]
pub(crate) struct Kernels {
    /// Those of operators. Generator files are from outside, so every index is checked.
    pub operators: PipelineStore,
    /// Those that make textures.
    pub present: PresentPipelines,
    /// Options of all plans.
    options: PlanOptions,
    plans: Arc<Mutex<Vec<(PlanKey, Arc<Plan>)>>>,
}

/// Hash of a generator's file, the size, and how patches of a world make another network of it.
type PlanKey = (String, Size, Option<PatchKey>);
/// Row and column of the crop, size of the patch, inputs that are fields.
type PatchKey = ([usize; 2], Size, Vec<String>);

impl FromWorld for Kernels {
    fn from_world(world: &mut World) -> Self {
        let device = world.resource::<RenderDevice>().wgpu_device();
        let info = world.resource::<RenderAdapterInfo>();
        let memory = world.resource::<ImagineMemory>().clone();
        let operators = PipelineStore::new(device, BoundsChecks::On);
        Self {
            present: PresentPipelines::new(operators.clone(), memory),
            operators,
            options: PlanOptions::for_device(device, info),
            plans: Arc::default(),
        }
    }
}

impl Kernels {
    /// Compiles all passes of a generator. Which they are does not depend on a request's size.
    fn warm_up(&self, generator: &Generator) -> Result<(), SynthesisError> {
        let _span = info_span!("imagine_warm_up", generator = generator.name()).entered();
        let network = generator.network();
        let plan = Plan::new(network, network.generator.size.smallest(), self.options);
        let name = || generator.name().to_string();
        let plan = plan.map_err(|error| SynthesisError::Plan { generator: name(), error })?;
        self.operators.compile_all(&plan.whole(1))?;
        self.present.compile_all()?;
        Ok(())
    }

    /// The plan of a job, or of the patch that it asks for, made now if it is not among those kept.
    fn plan(&self, job: &Job, patch: Option<&Patch>) -> Result<Arc<Plan>, SynthesisError> {
        let fields = || job.request.fields.as_ref().map(|fields| fields.inputs().to_vec()).unwrap_or_default();
        let patch_key = patch.map(|patch| (patch.crop, job.request.size, fields()));
        let size = patch.map_or(job.request.size, |patch| patch.request.size);
        let key = (job.generator.hash().to_string(), size, patch_key);
        let lock = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plan)) = lock().iter().find(|(known, _)| *known == key) {
            return Ok(plan.clone());
        }
        let _span = info_span!("imagine_plan").entered();
        let network = patch.map_or(job.generator.network(), |patch| &patch.generator);
        let plan = Plan::new(network, size, self.options);
        let generator = || job.generator.name().to_string();
        let plan = Arc::new(plan.map_err(|error| SynthesisError::Plan { generator: generator(), error })?);
        let mut plans = lock();
        if plans.len() == KEPT_PLANS {
            plans.remove(0);
        }
        plans.push((key, plan.clone()));
        Ok(plan)
    }
}

/// Compiles everything that generators need, on background threads.
pub(crate) fn warm_up(
    mut queue: ResMut<JobQueue>,
    kernels: Res<Kernels>,
    budget: Res<FrameBudget>,
    reports: Res<Reports>,
) {
    for (id, generator) in std::mem::take(&mut queue.warm_ups) {
        let (kernels, reports) = (kernels.clone(), reports.clone());
        let task = async move { reports.push(Report::WarmUp(id, kernels.warm_up(&generator))) };
        if budget.synchronous {
            bevy::tasks::block_on(task);
        } else {
            AsyncComputeTaskPool::get().spawn(task).detach();
        }
    }
}

/// Starts the preparation of waiting jobs, the best ranked first, and looks which are ready.
pub(crate) fn prepare_jobs(
    mut queue: ResMut<JobQueue>,
    kernels: Res<Kernels>,
    render_queue: Res<RenderQueue>,
    images: Res<RenderAssets<GpuImage>>,
    memory: Res<ImagineMemory>,
    budget: Res<FrameBudget>,
    reports: Res<Reports>,
) {
    if queue.jobs.is_empty() {
        return;
    }
    let is_new = |progress: &Progress| matches!(progress, Progress::New);
    let is_open = |progress: &Progress| !is_new(progress) && !progress.lives();
    let order = queue.order();
    let mut in_flight = queue.jobs.iter().filter(|queued| is_open(&queued.progress)).count();
    let last_in_flight = order.iter().rposition(|index| is_open(&queue.jobs[*index].progress));
    for (place, index) in order.into_iter().enumerate() {
        let outranks = last_in_flight.is_some_and(|last| place < last);
        let limit = if outranks { 2 * IN_FLIGHT } else { IN_FLIGHT };
        if in_flight >= limit {
            break;
        }
        let queued = &mut queue.jobs[index];
        if !is_new(&queued.progress) {
            continue;
        }
        let Some(pictures) = pictures(&queued.job, &images) else { continue };
        let (job, kernels, memory) = (queued.job.clone(), kernels.clone(), memory.clone());
        let queue = wgpu::Queue::clone(&render_queue);
        let is_alone = in_flight == 0;
        let task = async move { prepare(&job, &pictures, &kernels, &queue, &memory, is_alone) };
        queued.progress = if budget.synchronous {
            Progress::Prepared(Some(bevy::tasks::block_on(task)))
        } else {
            Progress::Preparing(AsyncComputeTaskPool::get().spawn(task))
        };
        in_flight += 1;
    }
    queue.jobs.retain_mut(|queued| {
        if let Progress::Preparing(task) = &mut queued.progress
            && let Some(result) = check_ready(task)
        {
            queued.progress = Progress::Prepared(Some(result));
        }
        let Progress::Prepared(result) = &mut queued.progress else { return true };
        match result.take() {
            Some(Ok(Some(work))) => queued.progress = Progress::Working(work),
            Some(Ok(None)) => queued.progress = Progress::New,
            Some(Err(error)) => {
                reports.push(Report::Job(queued.job.id, Err(error)));
                return false;
            }
            None => {}
        }
        true
    });
}

/// The pictures of a job's inputs, once all of them are on the GPU.
fn pictures(job: &Job, images: &RenderAssets<GpuImage>) -> Option<Vec<Picture>> {
    let picture = |(name, id): &(String, AssetId<Image>)| {
        let image = images.get(*id)?;
        let size = [image.texture.width(), image.texture.height()];
        Some(Picture { input: name.clone(), view: wgpu::TextureView::clone(&image.texture_view), size })
    };
    job.images.iter().map(picture).collect()
}

/// Plans and allocates. `None` if there is no memory as long as other jobs hold theirs.
fn prepare(
    job: &Job,
    pictures: &[Picture],
    kernels: &Kernels,
    queue: &wgpu::Queue,
    memory: &ImagineMemory,
    is_alone: bool,
) -> Result<Option<Box<Work>>, SynthesisError> {
    let Size { width, height, .. } = job.request.size;
    let seed = job.request.seed;
    let _span = info_span!("imagine_prepare", generator = job.generator.name(), width, height, seed).entered();
    let generator = job.generator.network();
    let name = || job.generator.name().to_string();
    let fail = |error| SynthesisError::Request { generator: name(), error };
    let elsewhere: Vec<&str> = pictures.iter().map(|picture| picture.input.as_str()).collect();
    let patch = generator.patch(&job.request).map_err(fail)?;
    let (generator, request) = patch.as_ref().map_or((generator, &job.request), |p| (&p.generator, &p.request));
    let resolved = generator.resolve_with(request, &elsewhere).map_err(fail)?;
    let device = kernels.operators.device();
    let plan = kernels.plan(job, patch.as_ref())?;
    let bytes = plan.bytes() + Session::PARAMS_BYTES + Presentation::bytes(job);
    if let Err(error) = memory.check(bytes) {
        return if is_alone { Err(error.of(job.generator.name())) } else { Ok(None) };
    }
    let buffers = memory.allocate(bytes);
    let recording = plan.whole(resolved.steps);
    info_span!("imagine_compile").in_scope(|| kernels.operators.compile_all(&recording))?;
    if job.steps_per_second.is_some() {
        kernels.present.compile_brushes()?;
    }
    let _span = info_span!("imagine_allocate").entered();
    let session = Session::new(device, plan.clone());
    for input in &plan.inputs {
        if let Some(tensor) = resolved.inputs.get(&input.name) {
            session.set_input(queue, &input.name, tensor)?;
        }
    }
    let uploads = uploads(&kernels.present, &session, pictures)?;
    let presentation = Presentation::new(&kernels.present, &session, resolved.steps, job)?;
    let done = resolved.steps;
    let run = RunSeed { seed: request.seed, lattice: request.lattice };
    Ok(Some(Box::new(Work {
        session,
        uploads,
        recording,
        run,
        presentation,
        done,
        owed: 0.0,
        strokes: Vec::new(),
        lives: false,
        _buffers: buffers,
    })))
}
