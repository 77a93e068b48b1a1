//! The graphs of a generator by their names in a file.

use crate::generator::{Generator, Recurrence};
use crate::graph::Graph;

/// The graphs of a generator with their names in a file.
pub(super) fn parts(generator: &Generator) -> Vec<(&'static str, &Graph)> {
    let mut parts = vec![("output", &generator.output)];
    if let Some(Recurrence { init, step, .. }) = &generator.recurrence {
        parts.extend([("init", init), ("step", step)]);
    }
    parts
}

/// The same, to set the weights.
pub(super) fn parts_mut(generator: &mut Generator) -> Vec<(&'static str, &mut Graph)> {
    let mut parts = vec![("output", &mut generator.output)];
    if let Some(Recurrence { init, step, .. }) = &mut generator.recurrence {
        parts.extend([("init", init), ("step", step)]);
    }
    parts
}
