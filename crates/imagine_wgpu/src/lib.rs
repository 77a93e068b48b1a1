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

pub mod arena;
mod compose;
pub mod headless;
mod kernel;
mod lower;
pub mod ops;
mod params;
mod pipeline;
mod plan;
pub mod present;
mod recording;
mod session;
pub mod tiles;

pub use compose::{ComposeError, ShaderComposer, compose};
pub use kernel::{Cost, Def, Head, KernelCall, Operand, Packed, Random, WORKGROUP, workgroups};
pub use lower::{Activation, Input, LowerError, Lowered, Lowering, Neighbors};
pub use params::ParamsLayout;
pub use pipeline::{BoundsChecks, Pipeline, PipelineError, PipelineStore};
pub use plan::{Adapter, Fusion, Limits, Plan, PlanError, PlannedInput, PlannedOutput, PlannedState, Precision};
pub use recording::{Access, Call, Memory, Pass, PipelineKey, Recording, Region};
pub use session::{EncodeError, Run, Session, UploadError, random_words};
pub use tiles::{Tile, Tiling};
