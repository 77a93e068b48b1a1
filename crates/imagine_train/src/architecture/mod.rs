//! Networks as functions that return a graph.

pub mod automaton;
