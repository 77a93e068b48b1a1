//! Trainers: the loops that turn an exemplar or a data set, an architecture and a loss into a generator.

mod adam;
mod average;
mod checkpoint;
mod classifier;
mod contest;
mod history;
mod material;
mod pool;
mod preview;
mod resume;
mod schedule;
mod spectral;
mod sprite;
mod tensor_file;
mod texture;

pub use adam::{Adam, AdamOptions, GradientList, collect};
pub use classifier::{Classifier, ClassifierOptions, Judgement};
pub use history::HistoryEntry;
pub use material::{MaterialEvent, MaterialOptions, MaterialProgress, MaterialTrainer, train_materials};
pub use schedule::Schedule;
pub use sprite::{SpriteEvent, SpriteOptions, SpriteProgress, SpriteTrainer, train_sprites};
pub use texture::{Event, Progress, TextureOptions, TextureTrainer, train_texture};
