//! Trains generator networks with burn: exemplars, architectures as graphs, losses, trainers with checkpoints.
//!
//! There is one definition of every network: [`architecture`] returns an [`imagine_graph`] graph, a trainer
//! differentiates that graph through [`imagine_burn`], and what it writes is that graph with its weights. All trainers are
//! generic over burn's `AutodiffBackend`; choosing a backend, printing progress and parsing options belong to the caller.

pub mod architecture;
pub mod augment;
pub mod data;
mod error;
pub mod evaluate;
pub mod loss;
pub mod metric;
pub mod trainer;

pub use error::{CheckpointError, ExemplarError, MaterialError, PackError, TrainError};
