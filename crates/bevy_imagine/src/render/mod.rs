//! The render world: jobs are extracted, prepared on background threads, and recorded into Bevy's frame.

mod budget;
mod extract;
mod pass;
mod prepare;
mod present;

pub(crate) use budget::FrameBudget;
pub(crate) use extract::{JobQueue, extract_jobs};
pub(crate) use pass::synthesize;
pub(crate) use prepare::{Kernels, prepare_jobs};
