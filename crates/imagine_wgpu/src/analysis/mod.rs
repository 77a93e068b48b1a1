//! Graph analysis that knows no GPU: cost, liveness, arena placement, fusion, slices of dispatches.
//!
//! These files use `imagine_graph` and each other only. Shader names, bindings and buffers belong to the plan.

pub mod arena;
pub mod automaton;
pub mod cost;
pub mod elementwise;
pub mod fused;
pub mod fusion;
pub mod liveness;
pub mod slices;
