//! Runs edits on the CPU or the GPU, large pictures in tiles.

use imagine_cpu::{Options, generate_in_tiles};
use imagine_graph::{Generated, Request, ValidGenerator};
use imagine_wgpu::PlanOptions;
use imagine_wgpu::headless::Gpu;

use crate::arguments::Executor;
use crate::gpu::open_gpu;

/// Sides in pixels of what the CPU computes at once.
const CPU_TILE: usize = 512;

/// What runs edits.
pub enum Machine {
    /// The CPU executor.
    Cpu,
    /// wgpu, with a limit of memory.
    Gpu(Box<Gpu>),
}

impl Machine {
    /// Opens the device. Values of one tile take at most `memory` MiB on a GPU.
    pub fn open(executor: Executor, memory: u64) -> anyhow::Result<Self> {
        Ok(match executor {
            Executor::Cpu => Self::Cpu,
            Executor::Gpu => {
                let gpu = open_gpu()?;
                let options = PlanOptions { arena_bytes: memory << 20, ..gpu.options() };
                Self::Gpu(Box::new(gpu.with_options(options)))
            }
        })
    }

    /// Fulfils a request. On the CPU, `done` gets the numbers of tiles done and of all.
    pub fn generate(
        &self,
        generator: &ValidGenerator,
        request: &Request,
        done: impl FnMut(usize, usize),
    ) -> anyhow::Result<Generated> {
        Ok(match self {
            Self::Cpu => generate_in_tiles(generator, request, CPU_TILE, &Options::default(), done)?,
            Self::Gpu(gpu) => gpu.generate(generator, request)?,
        })
    }
}
