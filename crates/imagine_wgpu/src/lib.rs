//! Runs an `imagine_graph` network as wgpu compute passes.
//!
//! 1. [`Plan`] (pure): fuses nodes, places every value in an arena, counts FLOP and bytes.
//! 2. [`Recording`] (plain data): the passes of the first state, of steps or of the outputs; it can be printed, cut and kept.
//! 3. [`Session`]: the buffers of a plan on the host's device; encodes recordings into any command encoder.
//! 4. [`Tiling`] (pure): tiles of an image that does not fit at once, each with a plan.
//! 5. [`PipelineStore`]: compiles each kernel and texture pass once per device, on threads of the host.
//! 6. [`texture_io`]: passes from tensors to textures and back.
//!
//! [`headless`] opens a device for the command line and for tests. The rest makes no device, never sees Bevy and never blocks or
//! reads back.

pub mod analysis;
mod compose;
pub mod headless;
mod kernel;
mod lowering;
pub mod ops;
mod params;
mod pipeline;
mod plan;
mod recording;
mod session;
pub mod texture_io;
pub mod tiles;
mod weight_store;

pub use analysis::cost::Cost;
pub use analysis::fused::{Activation, FusedOps, NodeInput};
pub use analysis::slices::GridSlice;
pub use compose::{ComposeError, ShaderComposer};
pub use kernel::{
    BindingLayout, KernelCall, Operand, PackedWeights, PipelineKey, RandomStream, ShaderDef, StorageAccess, WORKGROUP,
    workgroups,
};
pub use lowering::Lowering;
pub use params::{DispatchParams, ParamsLayout};
pub use pipeline::{BoundsChecks, Pipeline, PipelineError, PipelineStore};
pub use plan::{
    DeviceLimits, Fusion, KernelTarget, KernelTuning, Network, Plan, PlanError, PlanOptions, PlannedInput,
    PlannedOutput, PlannedState, Precision, SharedWeight,
};
pub use recording::{BufferId, Pass, PlannedCall, Recording, Region};
pub use session::{EncodeError, RunSeed, Session, UploadError, random_words};
pub use tiles::{Tile, Tiling};
pub use weight_store::WeightStore;
