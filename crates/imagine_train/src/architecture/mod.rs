//! Networks as functions that return a graph.

pub mod automaton;
mod layers;
pub mod material;
pub mod sprite;

pub(crate) use layers::normal;
