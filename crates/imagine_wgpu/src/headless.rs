//! A device of our own, for the command line and for tests; runs whole requests and reads the results back.
//!
//! `IMAGINE_ADAPTER=software` or `=hardware` chooses among adapters.

use std::sync::Arc;

use imagine_graph::rng::RandomState;
use imagine_graph::{
    DType, Generated, Request, RequestError, ResolvedRequest, Size, Tensor, TensorData, TensorType, ValidGenerator,
    ValidGraph,
};

use crate::pipeline::{BoundsChecks, PipelineError, PipelineStore};
use crate::plan::{Plan, PlanError, PlanOptions, Precision};
use crate::recording::{Recording, Region};
use crate::session::{EncodeError, RunSeed, Session, UploadError};
use crate::tiles::{Tile, Tiling};

/// Work of one submission: small enough for every operating system's GPU watchdog, also on a software adapter.
const SUBMISSION_WORK: u64 = 8_000_000_000;

/// An adapter, a device, its queue and the pipelines compiled for it.
pub struct Gpu {
    /// The adapter.
    pub adapter: wgpu::Adapter,
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Pipelines compiled for it.
    pub store: PipelineStore,
    options: PlanOptions,
}

/// Why there is no device or no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// No adapter, or none of the kind that `IMAGINE_ADAPTER` asks for.
    #[error("no {wanted} graphics adapter: {reason}")]
    NoAdapter {
        /// Kind that was asked for.
        wanted: String,
        /// What was found instead.
        reason: String,
    },
    /// The adapter gives no device.
    #[error("{adapter}: {reason}")]
    NoDevice {
        /// Name of the adapter.
        adapter: String,
        /// The driver's message.
        reason: String,
    },
    /// The device has no 16-bit floats.
    #[error("{adapter}: this device has no 16-bit floats (SHADER_F16); take precision f32")]
    NoHalf {
        /// Name of the adapter.
        adapter: String,
    },
    /// The request does not fit the generator.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The generator cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A kernel cannot be compiled.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A recording cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An input cannot be uploaded.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The device was lost or ran out of memory.
    #[error("the device failed: {0}")]
    Device(String),
}

impl Gpu {
    /// Opens the adapter that `IMAGINE_ADAPTER` asks for, or else the fastest, with run-time bounds checks on or off.
    pub fn new(checks: BoundsChecks) -> Result<Self, GpuError> {
        pollster::block_on(Self::open(checks))
    }

    async fn open(checks: BoundsChecks) -> Result<Self, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = choose_adapter(&instance).await?;
        let wanted = wgpu::Features::TIMESTAMP_QUERY
            | wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS
            | wgpu::Features::SHADER_F16
            | wgpu::Features::SUBGROUP;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("imagine"),
            required_features: adapter.features() & wanted,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| GpuError::NoDevice { adapter: adapter.get_info().name, reason: error.to_string() })?;
        let store = PipelineStore::new(&device, checks);
        let options = PlanOptions::for_device(&device, &adapter.get_info());
        Ok(Self { adapter, device, queue, store, options })
    }

    /// As [`Gpu::new`], for tests: without an adapter it says `SKIPPED` and the reason on standard error and returns `None`, or
    /// panics if `IMAGINE_REQUIRE_GPU` is 1.
    pub fn for_test(checks: BoundsChecks) -> Option<Self> {
        match Self::new(checks) {
            Ok(gpu) => Some(gpu),
            Err(error) if std::env::var("IMAGINE_REQUIRE_GPU").as_deref() == Ok("1") => panic!("{error}"),
            Err(error) => {
                eprintln!("SKIPPED: {error}");
                None
            }
        }
    }

    /// Options of plans for this device.
    pub fn options(&self) -> PlanOptions {
        self.options
    }

    /// The same device with an empty pipeline store.
    pub fn with_checks(&self, checks: BoundsChecks) -> Self {
        let store = PipelineStore::new(&self.device, checks);
        Self { store, ..self.with_options(self.options) }
    }

    /// The same device and pipelines with plans made with `options`.
    pub fn with_options(&self, options: PlanOptions) -> Self {
        let (adapter, device) = (self.adapter.clone(), self.device.clone());
        Self { adapter, device, queue: self.queue.clone(), store: self.store.clone(), options }
    }

    /// The same device with plans of `precision`, pipelines kept; an error if the device has no 16-bit floats.
    pub fn with_precision(&self, precision: Precision) -> Result<Self, GpuError> {
        if precision == Precision::F16 && !self.device.features().contains(wgpu::Features::SHADER_F16) {
            return Err(GpuError::NoHalf { adapter: self.adapter.get_info().name });
        }
        Ok(self.with_options(PlanOptions { precision, ..self.options }))
    }

    /// Fulfils `request` with `generator`: at once if it fits this device and the limits, else in tiles. The state of a patch of
    /// a world is that of its whole window.
    pub fn generate(&self, generator: &ValidGenerator, request: &Request) -> Result<Generated, GpuError> {
        let patch = generator.patch(request)?;
        let (generator, request) =
            patch.as_ref().map_or((generator, request), |patch| (&patch.generator, &patch.request));
        let resolved = generator.resolve(request)?;
        let tiling = Tiling::new(generator, &resolved, self.options)?;
        if let [only] = tiling.tiles.as_slice() {
            let mut session = Session::new(&self.device, only.plan.clone());
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
                    // The buffers of the plan before go before those of this one come.
                    *other = None;
                    other.insert(Session::new(&self.device, tile.plan.clone()))
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

    /// Makes one tile of what was asked for, or all of it where there is only one.
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

    /// Runs one graph; `inputs` in the order of its inputs, the result in that of its outputs.
    pub fn run_graph(
        &self,
        graph: &ValidGraph,
        inputs: &[Tensor],
        size: Size,
        random: RandomState,
    ) -> Result<Vec<Tensor>, GpuError> {
        let plan = Arc::new(Plan::new(graph, size, self.options)?);
        let mut session = Session::new(&self.device, plan.clone());
        for (input, tensor) in graph.graph().inputs.iter().zip(inputs) {
            session.set_input(&self.queue, &input.name, tensor)?;
        }
        let mut recording = plan.output(0);
        recording.passes.iter_mut().for_each(|pass| pass.step = random.step);
        self.play(&mut session, recording, RunSeed { seed: random.seed, domain: random.domain })?;
        Ok(self.collect(&session, 0)?.outputs.into_iter().map(|(_, tensor)| tensor).collect())
    }

    /// Compiles what is missing, then encodes and submits `recording` in pieces. Does not wait for the GPU.
    pub fn play(&self, session: &mut Session, recording: Recording, run: RunSeed) -> Result<(), GpuError> {
        self.store.compile_all(&recording)?;
        for part in recording.split(SUBMISSION_WORK) {
            let mut encoder = self.device.create_command_encoder(&Default::default());
            session.encode(&mut encoder, &self.store, &part, run)?;
            self.queue.submit([encoder.finish()]);
        }
        Ok(())
    }

    /// Waits until everything submitted is done.
    pub fn wait(&self) -> Result<(), GpuError> {
        let done = self.device.poll(wgpu::PollType::wait_indefinitely());
        done.map(drop).map_err(|error| GpuError::Device(error.to_string()))
    }

    /// Reads outputs and state after `done` steps back.
    pub fn collect(&self, session: &Session, done: u32) -> Result<Generated, GpuError> {
        let plan = session.plan();
        let parity = done as usize % 2;
        let mut wanted: Vec<(Region, TensorType)> =
            plan.outputs.iter().map(|output| (output.regions[parity], output.value_type.clone())).collect();
        wanted.extend(plan.state.iter().map(|state| (state.regions[parity], state.value_type.clone())));
        let mut tensors = self.read(session, &wanted)?;
        let state = plan.state.as_ref().and_then(|_| tensors.pop());
        let outputs = plan.outputs.iter().map(|output| output.output.clone()).zip(tensors).collect();
        Ok(Generated { outputs, state })
    }

    /// Reads regions back as tensors.
    pub fn read(&self, session: &Session, wanted: &[(Region, TensorType)]) -> Result<Vec<Tensor>, GpuError> {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        let mut staged = Vec::new();
        for (region, _) in wanted {
            let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ;
            let descriptor = wgpu::BufferDescriptor {
                label: Some("read-back"),
                size: region.bytes,
                usage,
                mapped_at_creation: false,
            };
            let buffer = self.device.create_buffer(&descriptor);
            encoder.copy_buffer_to_buffer(session.buffer(region.buffer), region.offset, &buffer, 0, region.bytes);
            staged.push(buffer);
        }
        self.queue.submit([encoder.finish()]);
        for buffer in &staged {
            buffer.map_async(wgpu::MapMode::Read, .., |_| {});
        }
        self.wait()?;
        let tensor = |(buffer, (_, value_type)): (&wgpu::Buffer, &(Region, TensorType))| {
            tensor_from_bytes(value_type, &buffer.get_mapped_range(..))
        };
        Ok(staged.iter().zip(wanted).map(tensor).collect())
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

fn tensor_from_bytes(value_type: &TensorType, bytes: &[u8]) -> Tensor {
    let data = match value_type.dtype {
        DType::F32 => TensorData::F32(bytemuck::pod_collect_to_vec(bytes)),
        DType::I32 => TensorData::I32(bytemuck::pod_collect_to_vec(bytes)),
        DType::Bool => {
            TensorData::Bool(bytemuck::pod_collect_to_vec::<u8, u32>(bytes).iter().map(|&v| v != 0).collect())
        }
    };
    Tensor::new(value_type.shape.clone(), data)
}

async fn choose_adapter(instance: &wgpu::Instance) -> Result<wgpu::Adapter, GpuError> {
    let wanted = std::env::var("IMAGINE_ADAPTER").unwrap_or_default();
    let fits = |adapter: &wgpu::Adapter| match wanted.as_str() {
        "software" => adapter.get_info().device_type == wgpu::DeviceType::Cpu,
        "hardware" => adapter.get_info().device_type != wgpu::DeviceType::Cpu,
        _ => true,
    };
    let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    let adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
    let names: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
    let can_compute = |adapter: &wgpu::Adapter| {
        adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
    };
    let usable = adapters.into_iter().filter(|adapter| fits(adapter) && can_compute(adapter));
    usable.min_by_key(rank).ok_or_else(|| GpuError::NoAdapter {
        wanted: if wanted.is_empty() { "compute-capable".into() } else { wanted },
        reason: format!("found {names:?}"),
    })
}
