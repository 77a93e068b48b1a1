//! Runs an [`imagine_graph`] network on any burn backend: the reference in tests, the fallback where there is no GPU, and,
//! on `Autodiff`, what training differentiates.
//!
//! A [`Network`] interprets a graph on backend primitives, whose rank is dynamic; burn's const-rank tensors appear only in the
//! public API ([`Value`]). Every operator is its formula, unfused: other executors are tested against it.

mod context;
mod error;
mod generate;
mod network;
mod ops;
mod tiles;
mod value;

pub use error::RunError;
pub use generate::generate;
pub use network::Network;
pub use tiles::generate_in_tiles;
pub use value::Value;
