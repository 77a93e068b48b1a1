//! Networks as functions that return a graph.

pub mod automaton;
pub mod classifier;
mod layers;
pub mod material;
pub mod sprite;

pub(crate) use layers::{LEFT, RIGHT, normal};
