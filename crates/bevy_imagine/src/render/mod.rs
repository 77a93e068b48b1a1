//! The render world: jobs are queued, prepared on background threads, and recorded into Bevy's frame within a budget.

mod blocks;
mod budget;
mod cost;
mod dispatches;
mod extract;
mod kernels;
mod prepare;
mod queue;
mod read_blocks;
mod record;
mod texture_io;
mod timer;
mod work;

pub(crate) use budget::FrameBudget;
pub use budget::{FrameStats, ImagineBudget, ImagineStats};
pub(crate) use cost::CostModel;
pub(crate) use extract::extract_jobs;
pub(crate) use kernels::Kernels;
pub(crate) use prepare::{prepare_jobs, warm_up_generators};
pub(crate) use queue::JobQueue;
pub(crate) use read_blocks::{BlockRead, BlockReads, read_blocks};
pub(crate) use record::record_jobs;
pub(crate) use timer::GpuTimer;
