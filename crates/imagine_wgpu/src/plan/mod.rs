//! Planning: from a generator and a size to kernel calls whose values have a place in memory. Pure; needs no GPU.
//!
//! `lower` turns one graph into kernel calls, `regions` places values in an arena, `build` binds the calls and makes the [`Plan`].

mod build;
mod error;
mod in_place_concat;
mod lower;
mod lowered_graph;
mod options;
mod planned;
mod precision;
mod regions;
mod weights;

pub use build::Network;
pub use error::PlanError;
pub use options::{DeviceLimits, Fusion, KernelTarget, KernelTuning, PlanOptions, Precision};
pub use planned::{Plan, PlannedInput, PlannedOutput, PlannedState};
pub use weights::SharedWeight;
pub(crate) use weights::tensor_bytes;
