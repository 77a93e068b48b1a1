//! Trainers: the loops that turn an exemplar or a data set, an architecture and a loss into a generator.

mod adam;
mod checkpoint;
mod pool;
mod preview;
mod schedule;
mod texture;

pub use adam::Adam;
pub use schedule::Schedule;
pub use texture::{Event, Progress, TextureOptions, TextureTrainer, train_texture};
