//! Runs an [`imagine_graph`] network on any burn backend: the reference in tests, the fallback where there is no GPU, and,
//! on `Autodiff`, what training differentiates.
//!
//! A [`Network`] interprets a graph on backend primitives, whose rank is dynamic; burn's const-rank tensors appear only in the
//! public API ([`Value`]). Every operator is its formula, unfused: other executors are tested against it.

mod context;
mod generate;
mod network;
mod ops;
mod value;

pub use generate::{generate, generate_in_tiles};
pub use imagine_graph::RunError;
pub use network::Network;
pub use value::Value;
