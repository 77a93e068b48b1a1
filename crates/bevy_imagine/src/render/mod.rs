//! The render world: jobs are extracted, prepared on background threads, and recorded into Bevy's frame.

mod budget;
mod cost;
mod extract;
mod pass;
mod prepare;
mod present;
mod timer;

pub(crate) use budget::FrameBudget;
pub use budget::{FrameStats, ImagineBudget, ImagineStats};
pub(crate) use cost::CostModel;
pub(crate) use extract::{JobQueue, extract_jobs};
pub(crate) use pass::synthesize;
pub(crate) use prepare::{Kernels, prepare_jobs, warm_up};
pub(crate) use timer::GpuTimer;
