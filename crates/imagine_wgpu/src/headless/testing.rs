//! The device that tests share.

use std::sync::OnceLock;

use super::error::GpuError;
use super::gpu::Gpu;
use crate::pipeline::BoundsChecks;

impl Gpu {
    /// The device of this test process with its compiled pipelines; `None` if there is no adapter.
    ///
    /// Without an adapter the first call prints `SKIPPED` and the reason to standard error; with `IMAGINE_REQUIRE_GPU=1` every call
    /// panics instead.
    pub fn for_test(checks: BoundsChecks) -> Option<Self> {
        static CHECKED: OnceLock<Result<Gpu, GpuError>> = OnceLock::new();
        static UNCHECKED: OnceLock<Gpu> = OnceLock::new();
        let checked = CHECKED.get_or_init(|| {
            let gpu = Gpu::new(BoundsChecks::On);
            if let Err(error) = &gpu {
                eprintln!("SKIPPED: {error}");
            }
            gpu
        });
        let checked = match checked {
            Ok(gpu) => gpu,
            Err(error) if std::env::var("IMAGINE_REQUIRE_GPU").as_deref() == Ok("1") => panic!("{error}"),
            Err(_) => return None,
        };
        let shared = match checks {
            BoundsChecks::On => checked,
            BoundsChecks::Off => UNCHECKED.get_or_init(|| checked.with_checks(BoundsChecks::Off)),
        };
        Some(shared.clone())
    }
}
