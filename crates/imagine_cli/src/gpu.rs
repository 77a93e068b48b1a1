//! The GPU that commands run on, and sessions on it.

use std::sync::Arc;

use anyhow::Context;
use imagine_graph::ResolvedRequest;
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{BoundsChecks, Plan, Recording, RunSeed, Session};

/// Opens the GPU with bounds checks: sizes come from files of unknown origin.
pub fn open_gpu() -> anyhow::Result<Gpu> {
    Gpu::new(BoundsChecks::On).context(
        "no GPU can be used (`imagine doctor` says what to install; `imagine generate --backend cpu` needs none)",
    )
}

/// Fails if burn-wgpu, which panics in that case, has no adapter. `otherwise` says what to do without one.
#[cfg(feature = "wgpu-backend")]
pub fn check_burn_wgpu(otherwise: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        imagine_wgpu::headless::has_default_adapter(),
        "burn-wgpu finds no Vulkan driver (`imagine doctor` says what to install); {otherwise}"
    );
    Ok(())
}

/// A session with the inputs and random seed of one request.
pub struct GpuSession<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// Buffers of the plan.
    pub session: Session,
    run: RunSeed,
}

impl<'a> GpuSession<'a> {
    /// Uploads the request's inputs.
    pub fn new(gpu: &'a Gpu, plan: Arc<Plan>, resolved: &ResolvedRequest) -> anyhow::Result<Self> {
        let session = Session::new(&gpu.device, plan.clone());
        for input in &plan.inputs {
            if let Some(tensor) = resolved.inputs.get(&input.name) {
                session.set_input(&gpu.queue, &input.name, tensor)?;
            }
        }
        let run = RunSeed { seed: resolved.request.seed, domain: resolved.request.domain };
        Ok(Self { gpu, session, run })
    }

    /// Submits a recording; does not wait for it.
    pub fn play(&mut self, recording: Recording) -> anyhow::Result<()> {
        Ok(self.gpu.play(&mut self.session, recording, self.run)?)
    }
}
