//! Trains generator networks with burn: data, losses, architectures, trainers.
//!
//! An architecture is a function that returns an [`imagine_graph::Graph`]; a trainer differentiates that graph through
//! [`imagine_burn`] and hands a generator back. No pretrained network is used anywhere.

pub mod architecture;
pub mod data;
pub mod loss;
pub mod trainer;
