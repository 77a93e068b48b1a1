//! Training data: pictures and material folders, as channels that a network can learn.

mod exemplar;
mod picture;

pub use exemplar::{Exemplar, ExemplarMap, ExemplarOptions};
