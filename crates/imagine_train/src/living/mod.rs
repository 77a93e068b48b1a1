//! Living textures: a neural cellular automaton, trained on one picture or material.

mod data;
mod networks;
mod options;
mod pool;
mod preview;
#[cfg(test)]
mod tests;
mod train;
mod warm_start;

pub use data::{Exemplar, ExemplarMap, ExemplarOptions};
pub use networks::{Automaton, FIXED, TRAINABLE, VisibleMap, output_graph};
pub use options::TextureOptions;
pub use train::{Event, Progress, RECIPE, train};
