//! A device with its pipelines, which runs whole requests.

use std::sync::Arc;

use imagine_graph::rng::RandomState;
use imagine_graph::{
    DType, Generated, Request, ResolvedRequest, Size, Tensor, TensorData, TensorType, ValidGenerator, ValidGraph,
};

use super::adapter::{choose_adapter, open_device};
use super::error::GpuError;
use crate::pipeline::{BoundsChecks, PipelineStore};
use crate::plan::{Plan, PlanOptions, Precision};
use crate::recording::Recording;
use crate::session::{RunSeed, Session};
use crate::tiles::{Tile, Tiling};
use crate::weight_store::WeightStore;

/// Work of one submission: below the limit of every operating system's GPU watchdog, also on a software adapter.
const SUBMISSION_WORK: u64 = 8_000_000_000;

/// An adapter, a device, its queue and the pipelines compiled for it. Clones share them.
#[derive(Clone)]
pub struct Gpu {
    /// The adapter.
    pub adapter: wgpu::Adapter,
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Pipelines compiled for it.
    pub store: PipelineStore,
    /// Large weights of the generators that ran on it.
    pub weights: WeightStore,
    options: PlanOptions,
}

impl Gpu {
    /// Opens the fastest adapter that the environment variables allow.
    pub fn new(checks: BoundsChecks) -> Result<Self, GpuError> {
        pollster::block_on(Self::open(checks))
    }

    async fn open(checks: BoundsChecks) -> Result<Self, GpuError> {
        let adapter = choose_adapter().await?;
        let (device, queue) = open_device(&adapter).await?;
        let store = PipelineStore::new(&device, checks);
        let options = PlanOptions::for_device(&device, &adapter.get_info());
        Ok(Self { adapter, device, queue, store, weights: WeightStore::default(), options })
    }

    /// Options of plans for this device.
    pub fn options(&self) -> PlanOptions {
        self.options
    }

    /// The same device with an empty pipeline store.
    pub fn with_checks(&self, checks: BoundsChecks) -> Self {
        Self { store: PipelineStore::new(&self.device, checks), ..self.clone() }
    }

    /// The same device and pipelines with plans made with `options`.
    pub fn with_options(&self, options: PlanOptions) -> Self {
        Self { options, ..self.clone() }
    }

    /// The same device and pipelines with plans of `precision`; an error if the device has no 16-bit floats.
    pub fn with_precision(&self, precision: Precision) -> Result<Self, GpuError> {
        if precision == Precision::F16 && !self.device.features().contains(wgpu::Features::SHADER_F16) {
            return Err(GpuError::NoHalf { adapter: self.adapter.get_info().name });
        }
        Ok(self.with_options(PlanOptions { precision, ..self.options }))
    }

    /// Runs `request` on `generator`: at once if it fits the device and the options, else in tiles. The state of a patch of a world
    /// is that of its whole window.
    pub fn generate(&self, generator: &ValidGenerator, request: &Request) -> Result<Generated, GpuError> {
        let patch = generator.patch(request)?;
        let (generator, request) =
            patch.as_ref().map_or((generator, request), |patch| (&patch.generator, &patch.request));
        let resolved = generator.resolve(request)?;
        let tiling = Tiling::new(generator, &resolved, self.options)?;
        if let [only] = tiling.tiles.as_slice() {
            let mut session = self.session(&only.plan);
            return self.make_tile(&mut session, &tiling, only, &resolved);
        }
        let outputs = generator.generator.output.outputs.iter().enumerate();
        let outputs = outputs.map(|(index, output)| (output.clone(), zeros(tiling.output_type(index))));
        let mut whole = Generated { outputs: outputs.collect(), state: tiling.state_type().map(zeros) };
        let mut last: Option<Session> = None;
        for tile in &tiling.tiles {
            let session = match &mut last {
                Some(session) if Arc::ptr_eq(session.plan(), &tile.plan) => session,
                other => {
                    // Free the buffers of the previous plan before allocating new ones.
                    *other = None;
                    other.insert(self.session(&tile.plan))
                }
            };
            let made = self.make_tile(session, &tiling, tile, &resolved)?;
            for (index, ((_, tensor), (_, part))) in whole.outputs.iter_mut().zip(&made.outputs).enumerate() {
                tiling.put_output(tile, index, part, tensor);
            }
            if let (Some(tensor), Some(part)) = (&mut whole.state, &made.state) {
                tiling.put_state(tile, part, tensor);
            }
        }
        Ok(whole)
    }

    /// Runs one tile, or everything if there is only one.
    fn make_tile(
        &self,
        session: &mut Session,
        tiling: &Tiling,
        tile: &Tile,
        resolved: &ResolvedRequest,
    ) -> Result<Generated, GpuError> {
        let (plan, request) = (session.plan().clone(), &resolved.request);
        for input in &plan.inputs {
            if let Some(tensor) = resolved.inputs.get(&input.name) {
                session.set_input(&self.queue, &input.name, &tiling.input(tile, &input.name, tensor))?;
            }
        }
        let mut recording = match &request.state {
            Some(state) => {
                session.set_state(&self.queue, 0, &tiling.state(tile, state))?;
                Recording::default()
            }
            None => plan.init(),
        };
        recording.append(plan.steps(0, resolved.steps));
        recording.append(plan.output(resolved.steps));
        let run = RunSeed { seed: request.seed, domain: tiling.domain(tile, request.domain) };
        self.play(session, recording, run)?;
        self.collect(session, resolved.steps)
    }

    /// Runs one graph; `inputs` and results are in the graph's order.
    pub fn run_graph(
        &self,
        graph: &ValidGraph,
        inputs: &[Tensor],
        size: Size,
        random: RandomState,
    ) -> Result<Vec<Tensor>, GpuError> {
        let plan = Arc::new(Plan::new(graph, size, self.options)?);
        let mut session = self.session(&plan);
        for (input, tensor) in graph.graph().inputs.iter().zip(inputs) {
            session.set_input(&self.queue, &input.name, tensor)?;
        }
        let mut recording = plan.output(0);
        recording.passes.iter_mut().for_each(|pass| pass.step = random.step);
        self.play(&mut session, recording, RunSeed { seed: random.seed, domain: random.domain })?;
        Ok(self.collect(&session, 0)?.outputs.into_iter().map(|(_, tensor)| tensor).collect())
    }

    /// A session whose large weights are shared with others of the same generator; drops those of generators that are gone.
    pub fn session(&self, plan: &Arc<Plan>) -> Session {
        self.weights.prune();
        Session::sharing(&self.device, plan.clone(), &self.weights)
    }

    /// Compiles missing pipelines, then encodes and submits `recording` in slices. Does not wait for the GPU.
    pub fn play(&self, session: &mut Session, recording: Recording, run: RunSeed) -> Result<(), GpuError> {
        self.store.compile_all(&recording)?;
        for part in recording.split(SUBMISSION_WORK) {
            let mut encoder = self.device.create_command_encoder(&Default::default());
            session.encode(&mut encoder, &self.store, &part, run)?;
            self.queue.submit([encoder.finish()]);
        }
        Ok(())
    }
}

fn zeros(value_type: &TensorType) -> Tensor {
    let count = value_type.elements();
    let data = match value_type.dtype {
        DType::F32 => TensorData::F32(vec![0.0; count]),
        DType::I32 => TensorData::I32(vec![0; count]),
        DType::Bool => TensorData::Bool(vec![false; count]),
    };
    Tensor::new(value_type.shape.clone(), data)
}
