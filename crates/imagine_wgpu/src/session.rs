//! A session: the buffers of one plan on one device; it encodes recordings into any command encoder.

use std::sync::Arc;

use imagine_graph::rng::{self, Domain};
use imagine_graph::{Tensor, Texel};
use wgpu::util::DeviceExt;

use crate::kernel::RandomStream;
use crate::params::DispatchParams;
use crate::pipeline::{PipelineError, PipelineStore};
use crate::plan::{Plan, tensor_bytes};
use crate::recording::{BufferId, Pass, PlannedCall, Recording, Region};
use crate::weight_store::WeightStore;

/// Alignment of a uniform with a dynamic offset in bytes, the largest that a WebGPU device may require.
const UNIFORM_ALIGNMENT: u64 = 256;

/// What fixes the random numbers of a run, together with the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RunSeed {
    /// The user's seed.
    pub seed: u64,
    /// Position of the image in the plane of random numbers.
    pub domain: Domain,
}

/// The buffers of one plan. Sessions of the same plan are independent.
pub struct Session {
    plan: Arc<Plan>,
    arena: Vec<wgpu::Buffer>,
    constants: Vec<wgpu::Buffer>,
    packed: Vec<wgpu::Buffer>,
    shared: Vec<wgpu::Buffer>,
    params: wgpu::Buffer,
    bind_groups: Vec<Option<(Arc<crate::pipeline::Pipeline>, wgpu::BindGroup)>>,
}

/// Why a recording was not encoded; then none of it was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A pipeline is not compiled yet.
    #[error("the pipeline of {label:?} is not compiled yet")]
    NotReady {
        /// Label of the first call without a pipeline.
        label: String,
    },
    /// A pipeline cannot be made.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// Why a tensor was not uploaded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The plan has no such input.
    #[error("the plan has no input {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The tensor has another type or shape.
    #[error("{name:?} is {found}, expected {expected}")]
    Type {
        /// The name.
        name: String,
        /// Type that the plan expects.
        expected: imagine_graph::TensorType,
        /// Type of the tensor.
        found: imagine_graph::TensorType,
    },
}

impl Session {
    /// Bytes of the uniform buffer for params, which [`Plan::bytes`] leaves out. Recordings that need more fill it several times.
    pub const PARAMS_BYTES: u64 = 64 << 10;

    /// Allocates the buffers of `plan` and uploads its weights.
    pub fn new(device: &wgpu::Device, plan: Arc<Plan>) -> Self {
        Self::sharing(device, plan, &WeightStore::default())
    }

    /// The same with large weights from `store`, which uploads those that it does not have.
    pub fn sharing(device: &wgpu::Device, plan: Arc<Plan>, store: &WeightStore) -> Self {
        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let scratch = |&size: &u64| {
            let usage = storage | wgpu::BufferUsages::COPY_DST;
            let size = size.next_multiple_of(4);
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("arena"),
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let filled = |contents: &Vec<u8>| {
            let descriptor = wgpu::util::BufferInitDescriptor { label: Some("weights"), contents, usage: storage };
            device.create_buffer_init(&descriptor)
        };
        let params = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("params"),
            size: Self::PARAMS_BYTES,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self {
            arena: plan.arena.iter().map(scratch).collect(),
            constants: plan.constants.iter().map(filled).collect(),
            packed: plan.packed.iter().map(filled).collect(),
            shared: plan.shared.iter().map(|weight| store.buffer(device, weight)).collect(),
            params,
            bind_groups: vec![None; plan.call_count],
            plan,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Uploads an input. It takes effect at the queue's next submission and remains until the next upload.
    pub fn set_input(&self, queue: &wgpu::Queue, name: &str, tensor: &Tensor) -> Result<(), UploadError> {
        let input = self.plan.inputs.iter().find(|input| input.name == name);
        let input = input.ok_or_else(|| UploadError::Unknown { name: name.into() })?;
        self.upload(queue, name, &input.value_type, input.region, tensor)
    }

    /// Uploads the state of a recurrent generator after `done` steps.
    pub fn set_state(&self, queue: &wgpu::Queue, done: u32, tensor: &Tensor) -> Result<(), UploadError> {
        let state = self.plan.state.as_ref().ok_or_else(|| UploadError::Unknown { name: "state".into() })?;
        self.upload(queue, "state", &state.value_type, state.regions[done as usize % 2], tensor)
    }

    fn upload(
        &self,
        queue: &wgpu::Queue,
        name: &str,
        expected: &imagine_graph::TensorType,
        region: Region,
        tensor: &Tensor,
    ) -> Result<(), UploadError> {
        let found = tensor.tensor_type();
        if found != *expected {
            return Err(UploadError::Type { name: name.into(), expected: expected.clone(), found });
        }
        queue.write_buffer(self.buffer(region.buffer), region.offset, &tensor_bytes(tensor));
        Ok(())
    }

    /// The buffer of a region.
    pub fn buffer(&self, buffer: BufferId) -> &wgpu::Buffer {
        match buffer {
            BufferId::Arena(index) => &self.arena[index],
            BufferId::Constants(index) => &self.constants[index],
            BufferId::Packed(index) => &self.packed[index],
            BufferId::Shared(index) => &self.shared[index],
        }
    }

    /// A region as a binding for the host's own passes. Bind it as `read_write` if other regions of its buffer are bound too.
    pub fn binding(&self, region: Region) -> wgpu::BufferBinding<'_> {
        let size = std::num::NonZeroU64::new(region.bytes);
        wgpu::BufferBinding { buffer: self.buffer(region.buffer), offset: region.offset, size }
    }

    /// Output `index` after `done` steps, as a binding.
    pub fn output(&self, index: usize, done: u32) -> wgpu::BufferBinding<'_> {
        self.binding(self.plan.outputs[index].regions[done as usize % 2])
    }

    /// Encodes every pass of `recording`, or nothing if a pipeline is missing. Never blocks, never reads back.
    ///
    /// Encode recordings in the order in which they should run; encoders and submissions may be split in any way.
    pub fn encode(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        store: &PipelineStore,
        recording: &Recording,
        run: RunSeed,
    ) -> Result<(), EncodeError> {
        self.encode_timed(encoder, store, recording, run, None)
    }

    /// Like [`Session::encode`], with GPU timestamps before the first and after the last pass.
    pub fn encode_timed(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        store: &PipelineStore,
        recording: &Recording,
        run: RunSeed,
        times: Option<wgpu::ComputePassTimestampWrites>,
    ) -> Result<(), EncodeError> {
        for pass in &recording.passes {
            self.prepare(store, &pass.call)?;
        }
        let mut begin = times.as_ref().and_then(|times| times.beginning_of_pass_write_index);
        let mut rest = recording.passes.as_slice();
        while !rest.is_empty() {
            let (offsets, params) = pack_params(rest, run);
            let (now, later) = rest.split_at(offsets.len());
            let end = times.as_ref().filter(|_| later.is_empty()).and_then(|times| times.end_of_pass_write_index);
            let writes = times.as_ref().map(|times| wgpu::ComputePassTimestampWrites {
                query_set: times.query_set,
                beginning_of_pass_write_index: begin.take(),
                end_of_pass_write_index: end,
            });
            let written = |w: &wgpu::ComputePassTimestampWrites| {
                w.beginning_of_pass_write_index.is_some() || w.end_of_pass_write_index.is_some()
            };
            self.encode_batch(encoder, store.device(), (now, &offsets, &params), writes.filter(written));
            rest = later;
        }
        Ok(())
    }

    fn encode_batch(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        device: &wgpu::Device,
        (passes, offsets, params): (&[Pass], &[u32], &[u8]),
        timestamp_writes: Option<wgpu::ComputePassTimestampWrites>,
    ) {
        let usage = wgpu::BufferUsages::COPY_SRC;
        let descriptor = wgpu::util::BufferInitDescriptor { label: Some("params"), contents: params, usage };
        let staging = device.create_buffer_init(&descriptor);
        encoder.copy_buffer_to_buffer(&staging, 0, &self.params, 0, params.len() as u64);
        let descriptor = wgpu::ComputePassDescriptor { label: Some("imagine"), timestamp_writes };
        let mut compute = encoder.begin_compute_pass(&descriptor);
        for (pass, &offset) in passes.iter().zip(offsets) {
            let Some((pipeline, bind_group)) = &self.bind_groups[pass.call.id] else { continue };
            compute.insert_debug_marker(&pass.call.label);
            compute.set_pipeline(&pipeline.pipeline);
            compute.set_bind_group(0, bind_group, &[offset]);
            let [x, y, z] = pass.grid.workgroups;
            compute.dispatch_workgroups(x, y, z);
        }
    }

    /// Makes the bind group of `call` if it is missing.
    fn prepare(&mut self, store: &PipelineStore, call: &PlannedCall) -> Result<(), EncodeError> {
        if self.bind_groups[call.id].is_some() {
            return Ok(());
        }
        let not_ready = || EncodeError::NotReady { label: call.label.clone() };
        let pipeline = store.get(&call.pipeline).ok_or_else(not_ready)??;
        let params = wgpu::BufferBinding {
            buffer: &self.params,
            offset: 0,
            size: std::num::NonZeroU64::new(params_bytes(call)),
        };
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(params) }];
        for (index, region) in call.bindings.iter().enumerate() {
            let resource = wgpu::BindingResource::Buffer(self.binding(*region));
            entries.push(wgpu::BindGroupEntry { binding: index as u32 + 1, resource });
        }
        let descriptor =
            wgpu::BindGroupDescriptor { label: Some(&call.label), layout: &pipeline.layout, entries: &entries };
        let bind_group = store.device().create_bind_group(&descriptor);
        self.bind_groups[call.id] = Some((pipeline, bind_group));
        Ok(())
    }
}

fn params_bytes(call: &PlannedCall) -> u64 {
    (call.params.len() as u64).next_multiple_of(16)
}

/// Params of as many passes as fit into the buffer, and the dynamic offset of each.
fn pack_params(passes: &[Pass], run: RunSeed) -> (Vec<u32>, Vec<u8>) {
    let mut offsets = Vec::new();
    let mut bytes: Vec<u8> = Vec::new();
    for pass in passes {
        let offset = (bytes.len() as u64).next_multiple_of(UNIFORM_ALIGNMENT);
        if !offsets.is_empty() && offset + params_bytes(&pass.call) > Session::PARAMS_BYTES {
            break;
        }
        let params = &pass.call.params;
        let dispatch = dispatch_params(pass, run);
        bytes.resize(offset as usize, 0);
        bytes.extend_from_slice(bytemuck::bytes_of(&dispatch));
        bytes.extend_from_slice(params.get(size_of::<DispatchParams>()..).unwrap_or_default());
        bytes.resize((offset + params_bytes(&pass.call)) as usize, 0);
        offsets.push(offset as u32);
    }
    (offsets, bytes)
}

fn dispatch_params(pass: &Pass, run: RunSeed) -> DispatchParams {
    let [x, y, z] = pass.grid.base;
    let random = pass.call.random.as_ref().map_or([0; 4], |random| random_words(random, run, pass.step));
    DispatchParams { base: [x, y, z, 0], random }
}

/// [`DispatchParams::random`] of a call that draws `random` at `step`.
pub fn random_words(random: &RandomStream, run: RunSeed, step: u32) -> [u32; 4] {
    let key = rng::key(run.seed, random.stream, step);
    let origin = run.domain.tensor_origin(&random.dims);
    // If coordinates wrap, only the origin modulo the size matters, and a small origin cannot overflow.
    let [y, x] = random.first;
    let Texel { y, x } = run.domain.coordinate(origin, random.size, Texel { y, x });
    [key, y as u32, x as u32, u32::from(run.domain.wrap)]
}
