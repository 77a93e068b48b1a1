//! Architectures: functions that return graphs.

pub mod automaton;
