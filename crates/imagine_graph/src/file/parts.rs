//! The graphs of a generator under the names that they have in a file.

use crate::generator::{Generator, Recurrence};
use crate::graph::Graph;

/// The graphs of a generator with the names they have in a file.
pub(super) fn parts(generator: &Generator) -> Vec<(&'static str, &Graph)> {
    let mut parts = vec![("output", &generator.output)];
    if let Some(Recurrence { init, step, .. }) = &generator.recurrence {
        parts.extend([("init", init), ("step", step)]);
    }
    parts
}

/// The same, to give the graphs their weights.
pub(super) fn parts_mut(generator: &mut Generator) -> Vec<(&'static str, &mut Graph)> {
    let mut parts = vec![("output", &mut generator.output)];
    if let Some(Recurrence { init, step, .. }) = &mut generator.recurrence {
        parts.extend([("init", init), ("step", step)]);
    }
    parts
}
