//! Runs an `imagine_graph` network as wgpu compute passes.
//!
//! 1. [`Plan`] (pure): fuses, places every value in an arena, counts FLOP and bytes.
//! 2. [`Recording`] (plain data): the passes of the first state, of steps, of the outputs; print it, cut it, keep it.
//! 3. [`Session`]: the buffers of a plan on a device that somebody else made; encodes recordings into any command encoder.
//! 4. [`Tiling`] (pure): an image that does not fit at once in tiles, each a plan of its own.
//! 5. [`PipelineStore`]: compiles each kernel once a device, on threads that the host lends.
//!
//! [`headless`] has a device of its own for command line and tests. This crate never sees Bevy, keeps no hidden global and
//! reads nothing back unless asked.

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

pub use analysis::cost::Cost;
pub use analysis::fused::{Activation, FusedOps, NodeInput};
pub use compose::{ComposeError, ShaderComposer};
pub use kernel::{
    BindingLayout, DispatchParams, KernelCall, Operand, PackedWeights, PipelineKey, RandomStream, ShaderDef,
    StorageAccess, WORKGROUP, workgroups,
};
pub use lowering::Lowering;
pub use params::ParamsLayout;
pub use pipeline::{BoundsChecks, Pipeline, PipelineError, PipelineStore};
pub use plan::{
    DeviceLimits, Fusion, KernelTarget, KernelTuning, Network, Plan, PlanError, PlanOptions, PlannedInput,
    PlannedOutput, PlannedState, Precision,
};
pub use recording::{BufferId, Pass, PlannedCall, Recording, Region};
pub use session::{EncodeError, RunSeed, Session, UploadError, random_words};
pub use tiles::{Tile, Tiling};
