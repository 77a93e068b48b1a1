//! What every training needs, whatever it trains: the loop, layers, Adam, schedules, the resume set, the history.

mod adam;
pub(crate) mod average;
mod clock;
mod history;
pub(crate) mod layers;
pub(crate) mod linear;
mod lock;
pub(crate) mod pairs;
pub(crate) mod rng;
mod run;
mod save;
mod schedule;

pub use adam::{Adam, AdamOptions, GradientList, collect};
pub(crate) use clock::Clock;
pub use history::HistoryEntry;
pub(crate) use history::add as add_to_history;
pub use linear::Form;
pub(crate) use lock::FolderLock;
pub use lock::check_unlocked;
pub use pairs::Saved;
pub use run::{Event, Progress};
pub(crate) use run::{Rhythm, Trainer, best_file, run};
pub(crate) use save::{Identity, Numbers, Record, ResumeSet, Tensors, identity};
pub use save::{is_resumable, write_png};
pub(crate) use schedule::{CosineDecay, LearningRates, StepDecay};
