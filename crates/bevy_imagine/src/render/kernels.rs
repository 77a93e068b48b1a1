//! Compiled shaders and plans of one device.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use imagine_graph::{Patch, Size, Texel};
use imagine_wgpu::texture_io::variants;
use imagine_wgpu::{BoundsChecks, PipelineError, PipelineStore, Plan, PlanOptions, Session, WeightStore};

use super::cost::work_per_millisecond;
use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::job::Job;
use crate::memory::{Allocation, ImagineMemory};

/// Plans kept for later requests.
const KEPT_PLANS: usize = 8;
/// Milliseconds of a dispatch before anything was measured, below the longest slice.
const BAND_MILLISECONDS: f64 = 0.2;

/// What all jobs on a device share. Clones share it too.
#[derive(Resource, Clone)]
pub(crate) struct Kernels {
    /// Pipelines of operators and of texture passes. Generator files are untrusted, so every index is checked.
    pub store: PipelineStore,
    /// Linear and clamping.
    pub sampler: wgpu::Sampler,
    pub memory: ImagineMemory,
    /// Most work of one dispatch of a pass that computes much and moves little.
    pub band_work: u64,
    /// Large weights, uploaded once for each generator, and what they take.
    weights: WeightStore,
    weight_memory: Arc<Mutex<Option<Allocation>>>,
    options: PlanOptions,
    plans: Arc<Mutex<Vec<(PlanKey, Arc<Plan>)>>>,
}

/// Hash of the generator's file, size, and the patch that the network is changed for.
type PlanKey = (String, Size, Option<PatchKey>);
/// Crop of the window, size of the patch, inputs that are fields.
type PatchKey = (Texel, Size, Vec<String>);

impl FromWorld for Kernels {
    fn from_world(world: &mut World) -> Self {
        let device = world.resource::<RenderDevice>().wgpu_device();
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("imagine linear"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            mipmap_filter: wgpu::MipmapFilterMode::Linear,
            ..Default::default()
        });
        Self {
            store: PipelineStore::new(device, BoundsChecks::On),
            sampler,
            memory: world.resource::<ImagineMemory>().clone(),
            band_work: (BAND_MILLISECONDS * work_per_millisecond(world.resource::<RenderAdapterInfo>().device_type))
                as u64,
            options: PlanOptions::for_device(device, world.resource::<RenderAdapterInfo>()),
            weights: WeightStore::default(),
            weight_memory: Arc::default(),
            plans: Arc::default(),
        }
    }
}

impl Kernels {
    /// Compiles all passes of a generator. They do not depend on a request's size.
    pub fn warm_up(&self, generator: &Generator) -> Result<(), SynthesisError> {
        let _span = info_span!("imagine_warm_up", generator = generator.name()).entered();
        let network = generator.network();
        let plan = Plan::new(network, network.generator.size.smallest(), self.options);
        let plan = plan.map_err(|error| SynthesisError::Plan { generator: generator.name().into(), error })?;
        self.store.compile_all(&plan.whole(1))?;
        self.compile_texture_passes(|_| true)?;
        Ok(())
    }

    /// Compiles the brush passes, which are needed in the middle of a frame.
    pub fn compile_brushes(&self) -> Result<(), PipelineError> {
        self.compile_texture_passes(|shader| shader == "texture_io/brush")
    }

    fn compile_texture_passes(&self, is_wanted: impl Fn(&str) -> bool) -> Result<(), PipelineError> {
        let mut passes = variants().into_iter().filter(|pass| is_wanted(pass.pipeline.shader));
        passes.try_for_each(|pass| self.store.compile(&pass.pipeline).map(drop))
    }

    /// The plan of a job or of its patch, cached or made now.
    pub fn plan(&self, job: &Job, patch: Option<&Patch>) -> Result<Arc<Plan>, SynthesisError> {
        let (generator, request) = (&job.key.generator, &job.key.request);
        let fields = || request.fields.as_ref().map(|fields| fields.inputs().to_vec()).unwrap_or_default();
        let patch_key = patch.map(|patch| (patch.crop, request.size, fields()));
        let size = patch.map_or(request.size, |patch| patch.request.size);
        let key = (generator.hash().to_string(), size, patch_key);
        let lock = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plan)) = lock().iter().find(|(known, _)| *known == key) {
            return Ok(plan.clone());
        }
        let _span = info_span!("imagine_plan").entered();
        let network = patch.map_or(generator.network(), |patch| &patch.generator);
        let plan = Plan::new(network, size, self.options);
        let plan = plan.map_err(|error| SynthesisError::Plan { generator: generator.name().into(), error })?;
        let plan = Arc::new(plan);
        let mut plans = lock();
        if plans.len() == KEPT_PLANS {
            plans.remove(0);
        }
        plans.push((key, plan.clone()));
        Ok(plan)
    }

    /// Bytes of the large weights of `plan` that are not on the device yet.
    pub fn missing_weights(&self, plan: &Plan) -> u64 {
        self.weights.missing_bytes(plan)
    }

    /// A session of `plan`.
    pub fn session(&self, plan: &Arc<Plan>) -> Session {
        let session = Session::sharing(self.store.device(), plan.clone(), &self.weights);
        self.release_weights();
        session
    }

    /// Drops large weights of generators that are gone, and counts those that stay.
    pub fn release_weights(&self) {
        if self.weights.is_empty() {
            return;
        }
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let idle: Vec<Arc<Plan>> = plans.iter().map(|(_, plan)| plan.clone()).collect();
        let is_gone = |plan: &Arc<Plan>| plan.shared.iter().any(|weight| self.weights.is_last_holder(weight, &idle));
        plans.retain(|(_, plan)| !is_gone(plan));
        drop((idle, plans));
        let bytes = self.weights.prune();
        let mut counted = self.weight_memory.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.as_ref().map_or(0, Allocation::bytes) != bytes {
            // Released first, so that the count is never more than what is held.
            drop(counted.take());
            *counted = Some(self.memory.allocate(bytes));
        }
    }
}
