//! How much work fits into a frame: a simple model of how fast devices are.

use bevy::prelude::*;
use wgpu::DeviceType;

/// How much of a frame synthesis may take.
#[derive(Resource, Clone, Debug, Default)]
pub(crate) struct FrameBudget {
    /// GPU milliseconds a frame.
    pub milliseconds: f32,
    /// Whether the host wants everything compiled at once, as tests and screenshots do.
    pub synchronous: bool,
}

impl FrameBudget {
    /// Work ([`imagine_wgpu::Cost::work`]) of one frame on a device of this type.
    pub fn work(&self, device: DeviceType) -> u64 {
        (f64::from(self.milliseconds.max(0.0)) * work_per_millisecond(device)) as u64
    }
}

/// What our kernels reach, rounded down: a third to a tenth of what such devices can do at best. The CPU's figure is
/// estimated on two cores.
fn work_per_millisecond(device: DeviceType) -> f64 {
    match device {
        DeviceType::DiscreteGpu => 1e9,
        DeviceType::IntegratedGpu | DeviceType::VirtualGpu | DeviceType::Other => 1e8,
        DeviceType::Cpu => 1e7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_budget_makes_the_cast_overflow() {
        let work = |milliseconds| FrameBudget { milliseconds, synchronous: false }.work(DeviceType::Cpu);
        assert_eq!(work(2.0), 20_000_000);
        assert_eq!(work(-1.0), 0);
        assert_eq!(work(f32::NAN), 0);
        assert_eq!(work(f32::INFINITY), u64::MAX);
    }
}
