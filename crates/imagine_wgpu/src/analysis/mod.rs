//! Graph analysis that knows no GPU: costs, liveness, arena placement, fusion.
//!
//! These files use `imagine_graph` and each other only. Shader names, bindings and buffers belong to the plan.

pub mod arena;
pub mod automaton;
pub mod cost;
pub mod fused;
pub mod fusion;
pub mod liveness;
