//! Runs an `imagine_graph` network as wgpu compute passes.

mod compose;
mod kernel;
mod lower;
pub mod ops;
mod params;
pub mod present;

pub use compose::{ComposeError, ShaderComposer, compose};
pub use kernel::{Cost, Def, Head, KernelCall, Operand, Packed, Random, WORKGROUP, workgroups};
pub use lower::{Activation, Input, LowerError, Lowered, Lowering};
pub use params::ParamsLayout;
