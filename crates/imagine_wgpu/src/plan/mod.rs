//! Planning: from a generator and a size to kernel calls whose values have a place in memory. Pure; needs no GPU.
//!
//! A plan of a recurrent generator holds three lists of calls over one arena: `init` makes the first state, `step` the
//! next, `output` the outputs. The state has two regions. Step `n` reads region `n % 2` and writes the other, so whoever
//! counts steps knows where the state is. Everything that is not an input or a state shares memory by liveness, also
//! across the three lists: outputs hold until the next step.

mod automaton;
mod concat;
mod fuse;
pub(crate) mod memory;
mod neighbors;
mod precision;

use std::sync::Arc;

use imagine_graph::{GraphErrors, GraphOutput, InputKind, Size, TensorType, ValidGenerator, ValidGraph, WindowError};

pub use self::precision::Precision;
use crate::lower::LowerError;
use crate::recording::{Call, Recording, Region};

/// Limits of a device that plans have to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Most bytes of one buffer and one binding.
    pub slab_bytes: u64,
    /// Most bytes of all values that are not weights: inputs, states, intermediates and outputs. As many as it takes by default.
    pub arena_bytes: u64,
    /// Most workgroups along one axis of a dispatch.
    pub workgroups: u32,
    /// Cells of an automaton that one invocation does, 1 or 4. 1 gives a GPU more to do at once; 4 saves a software adapter,
    /// which loads every weight for every lane, three loads of four. The results are the same.
    pub cells: usize,
    /// What kernels are chosen for.
    pub adapter: Adapter,
    /// How numbers lie in memory between passes; 16 bits need a device with `SHADER_F16`.
    pub precision: Precision,
}

/// What convolutions are blocked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Adapter {
    /// Many invocations at once, and weights that all of them read cost one load.
    #[default]
    Gpu,
    /// A processor in subgroups of eight lanes at least, where every lane loads for itself but can read the others' registers.
    Lanes,
}

impl Default for Limits {
    /// What every WebGPU device can do.
    fn default() -> Self {
        Self {
            slab_bytes: 128 << 20,
            arena_bytes: u64::MAX,
            workgroups: 65_535,
            cells: 1,
            adapter: Adapter::Gpu,
            precision: Precision::F32,
        }
    }
}

impl Limits {
    /// The limits of a device with `limits` on an adapter of type `device_type`.
    pub fn new(limits: &wgpu::Limits, device_type: wgpu::DeviceType) -> Self {
        let slab_bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) / 256 * 256;
        let cells = if device_type == wgpu::DeviceType::Cpu { 4 } else { 1 };
        let workgroups = limits.max_compute_workgroups_per_dimension;
        Self { slab_bytes, workgroups, cells, ..Self::default() }
    }

    /// The limits of `device`, with the kernels that suit an adapter with `info`.
    pub fn of_device(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Self {
        let lanes = info.device_type == wgpu::DeviceType::Cpu
            && info.subgroup_min_size >= 8
            && device.features().contains(wgpu::Features::SUBGROUP);
        let adapter = if lanes { Adapter::Lanes } else { Adapter::Gpu };
        Self { adapter, ..Self::new(&device.limits(), info.device_type) }
    }
}

fn recurrence(generator: &ValidGenerator) -> Option<[&ValidGraph; 2]> {
    generator.recurrence.as_ref().map(|r| [&r.init, &r.step])
}

/// Kernel calls and memory of one generator at one size.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The size it was made for.
    pub size: Size,
    /// Inputs that [`crate::Session::set_input`] takes, other than the state.
    pub inputs: Vec<PlannedInput>,
    /// Outputs in the generator's order.
    pub outputs: Vec<PlannedOutput>,
    /// The state of a recurrent generator.
    pub state: Option<PlannedState>,
    /// Bytes of every slab of the arena.
    pub arena: Vec<u64>,
    /// Contents of the buffers of weights in their natural layout.
    pub constants: Vec<Vec<u8>>,
    /// Contents of the buffers of packed weights.
    pub packed: Vec<Vec<u8>>,
    /// Number of calls, and one above their largest id.
    pub call_count: usize,
    init: Vec<Arc<Call>>,
    step: [Vec<Arc<Call>>; 2],
    output: [Vec<Arc<Call>>; 2],
    limits: Limits,
}

/// An input of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedInput {
    /// Name in the generator file.
    pub name: String,
    /// What it means.
    pub kind: InputKind,
    /// Element type and shape.
    pub value_type: TensorType,
    /// Where it lies.
    pub region: Region,
}

/// An output of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedOutput {
    /// Name and meaning.
    pub output: GraphOutput,
    /// Element type and shape.
    pub value_type: TensorType,
    /// Where it lies after an even and after an odd number of steps.
    pub regions: [Region; 2],
}

/// The state of a recurrent plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedState {
    /// Element type and shape.
    pub value_type: TensorType,
    /// Where it lies after an even and after an odd number of steps.
    pub regions: [Region; 2],
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The graphs do not fit this size.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
    /// An operator with parameters or shapes that its kernel cannot take.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// A value that no single binding of the device can hold.
    #[error("value {value:?} needs {bytes} bytes; one binding of this device holds at most {limit}")]
    TooLarge {
        /// Name of the value.
        value: String,
        /// Bytes it needs.
        bytes: u64,
        /// Bytes a binding can have.
        limit: u64,
    },
    /// More memory than the limits allow.
    #[error("values need {bytes} bytes at a time; the limit is {limit}")]
    Arena {
        /// Bytes they need.
        bytes: u64,
        /// Bytes there may be.
        limit: u64,
    },
    /// What does not fit at once cannot be made in tiles either.
    #[error("{cause}; it cannot be made in tiles: {reason}")]
    NoTiles {
        /// What does not fit.
        cause: Box<PlanError>,
        /// Why no part can be made by itself.
        reason: Box<WindowError>,
    },
    /// A part of the image that cannot be computed by itself.
    #[error(transparent)]
    Windows(Box<WindowError>),
    /// Graphs of a recurrent generator that do not fit together.
    #[error("state: {reason}")]
    State {
        /// What is wrong, in words.
        reason: String,
    },
    /// More kernel bindings than every device has.
    #[error("node {label:?} needs {found} storage bindings; at most {limit} are possible")]
    Bindings {
        /// The call's label.
        label: String,
        /// Bindings it needs.
        found: usize,
        /// Bindings there are.
        limit: usize,
    },
}

/// What a planner may do beside translating node by node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// Nodes around convolutions, and automaton steps, become one kernel. What everything but a comparison wants.
    On,
    /// One kernel a node.
    Off,
}

impl Plan {
    /// Plans `generator` at `size`.
    pub fn for_generator(generator: &ValidGenerator, size: Size, limits: Limits) -> Result<Self, PlanError> {
        Self::with_fusion(generator, size, limits, Fusion::On)
    }

    /// Plans `generator` at `size`, with or without fusion.
    pub fn with_fusion(
        generator: &ValidGenerator,
        size: Size,
        limits: Limits,
        fusion: Fusion,
    ) -> Result<Self, PlanError> {
        memory::plan(&generator.output, recurrence(generator), [size; 2], limits, fusion)
    }

    /// Plans a part of `size` of an image of size `whole`: coordinates of random numbers wrap where those of the whole do.
    pub fn for_window(generator: &ValidGenerator, size: Size, whole: Size, limits: Limits) -> Result<Self, PlanError> {
        memory::plan(&generator.output, recurrence(generator), [size, whole], limits, Fusion::On)
    }

    /// Plans a single graph at `size`; its outputs are made by [`Plan::output`] at step 0.
    pub fn for_graph(graph: &ValidGraph, size: Size, limits: Limits, fusion: Fusion) -> Result<Self, PlanError> {
        memory::plan(graph, None, [size; 2], limits, fusion)
    }

    /// Makes the first state; empty if the generator is not recurrent.
    pub fn init(&self) -> Recording {
        Recording::of_calls(&self.init, 0, self.limits.workgroups)
    }

    /// Makes `count` more steps after `done`.
    pub fn steps(&self, done: u32, count: u32) -> Recording {
        let mut recording = Recording::default();
        for step in done..done.saturating_add(count) {
            recording.append(Recording::of_calls(&self.step[step as usize % 2], step, self.limits.workgroups));
        }
        recording
    }

    /// Makes the outputs after `done` steps (0 if the generator is not recurrent).
    pub fn output(&self, done: u32) -> Recording {
        Recording::of_calls(&self.output[done as usize % 2], done, self.limits.workgroups)
    }

    /// Everything from the first state to the outputs after `steps` steps.
    pub fn whole(&self, steps: u32) -> Recording {
        let mut recording = self.init();
        recording.append(self.steps(0, steps));
        recording.append(self.output(steps));
        recording
    }

    /// Bytes of all its buffers: arena and weights.
    pub fn bytes(&self) -> u64 {
        let weights = self.constants.iter().chain(&self.packed).map(|data| data.len() as u64);
        self.arena.iter().copied().chain(weights).sum()
    }
}
