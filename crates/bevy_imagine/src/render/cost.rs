//! GPU time of passes on this device: a linear model for each kernel, corrected by measured times.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use imagine_wgpu::{Pass, ShaderDef};
use wgpu::DeviceType;

/// Largest factor by which one measurement changes a rate.
const LARGEST_CORRECTION: f64 = 2.0;
/// Largest factor between a rate and the first rate of the device type, either way.
const LARGEST_RATE: f64 = 50.0;
/// Nanoseconds of an empty dispatch.
const DISPATCH_NANOSECONDS: f64 = 2_000.0;
/// Predicted nanoseconds below which a slice measures the overhead of slices instead of the rates.
const SHORT_NANOSECONDS: f64 = 20_000.0;
/// Weight of a new measurement in the moving average of the overhead.
const SHORT_SHARE: f64 = 0.1;

/// A kernel in one variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KernelId {
    shader: &'static str,
    variant: u64,
}

/// Predicts the nanoseconds of passes. A resource of the render world.
#[derive(Resource, Clone, Debug)]
pub(crate) struct CostModel {
    /// Nanoseconds per unit of [`imagine_wgpu::Cost::work`], by kernel.
    rates: HashMap<KernelId, f64>,
    /// The rate of kernels that have not been measured.
    first_rate: f64,
    /// Overhead of a slice in nanoseconds: barriers, pipeline switches, timestamps.
    slice_overhead: f64,
}

/// The work of each kernel in one measured slice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workload {
    /// Work and dispatches of each kernel.
    kernels: Vec<(KernelId, u64, u32)>,
}

impl FromWorld for CostModel {
    fn from_world(world: &mut World) -> Self {
        Self::new(world.resource::<RenderAdapterInfo>().device_type)
    }
}

impl KernelId {
    pub fn new(shader: &'static str, defs: &[(&'static str, ShaderDef)]) -> Self {
        let mut hasher = DefaultHasher::new();
        // There are too many elementwise groups to measure each one: they share a rate for each number of inputs.
        let defs = defs.iter().filter(|(_, def)| !matches!(def, ShaderDef::Module(_)));
        defs.for_each(|def| def.hash(&mut hasher));
        Self { shader, variant: hasher.finish() }
    }

    pub fn of(pass: &Pass) -> Self {
        Self::new(pass.call.pipeline.shader, &pass.call.pipeline.defs)
    }
}

impl CostModel {
    pub fn new(device: DeviceType) -> Self {
        Self { rates: HashMap::new(), first_rate: 1e6 / work_per_millisecond(device), slice_overhead: 0.0 }
    }

    /// Nanoseconds of one dispatch with `work` of a kernel.
    pub fn price(&self, kernel: KernelId, work: u64) -> u64 {
        (DISPATCH_NANOSECONDS + self.rate(kernel) * work as f64) as u64
    }

    /// Overhead of a slice in nanoseconds.
    pub fn slice_overhead(&self) -> u64 {
        self.slice_overhead as u64
    }

    /// Nanoseconds of a pass.
    pub fn price_of(&self, pass: &Pass) -> u64 {
        self.price(KernelId::of(pass), pass.cost().work())
    }

    /// Corrects the rates of the kernels in a slice, each by its share of the predicted time.
    pub fn learn(&mut self, workload: &Workload, measured: Duration) {
        let predicted: Vec<f64> = workload.kernels.iter().map(|(k, work, _)| self.rate(*k) * *work as f64).collect();
        let total: f64 = predicted.iter().sum();
        let dispatches: u32 = workload.kernels.iter().map(|(_, _, dispatches)| dispatches).sum();
        let overhead = f64::from(dispatches) * DISPATCH_NANOSECONDS;
        let measured = measured.as_nanos() as f64;
        if total <= 0.0 || measured <= 0.0 {
            return;
        }
        if total < SHORT_NANOSECONDS {
            let beside = (measured - overhead - total).max(0.0);
            // The GPU may have done something else in this frame.
            let plausible = beside.min(self.slice_overhead.max(SHORT_NANOSECONDS) * 4.0);
            self.slice_overhead += SHORT_SHARE * (plausible - self.slice_overhead);
            return;
        }
        let correction =
            ((measured - overhead - self.slice_overhead) / total).clamp(1.0 / LARGEST_CORRECTION, LARGEST_CORRECTION);
        for ((kernel, ..), part) in workload.kernels.iter().zip(predicted) {
            // Correct upwards at once, downwards by half: keeping the budget matters more than using it up.
            let weight = part / total * if correction < 1.0 { 0.5 } else { 1.0 };
            let rate = self.rate(*kernel) * correction.powf(weight);
            let rate = rate.clamp(self.first_rate / LARGEST_RATE, self.first_rate * LARGEST_RATE);
            self.rates.insert(*kernel, rate);
        }
    }

    fn rate(&self, kernel: KernelId) -> f64 {
        self.rates.get(&kernel).copied().unwrap_or(self.first_rate)
    }
}

impl Workload {
    /// Shaders with their shares of the predicted time.
    pub fn shares(&self, costs: &CostModel) -> Vec<(&'static str, f64)> {
        let price = |(kernel, work, dispatches): &(KernelId, u64, u32)| {
            costs.rate(*kernel) * *work as f64 + f64::from(*dispatches) * DISPATCH_NANOSECONDS
        };
        let total: f64 = self.kernels.iter().map(price).sum();
        self.kernels.iter().map(|part| (part.0.shader, price(part) / total)).collect()
    }

    pub fn add(&mut self, kernel: KernelId, work: u64) {
        match self.kernels.iter_mut().find(|(known, ..)| *known == kernel) {
            Some((_, sum, dispatches)) => {
                *sum += work;
                *dispatches += 1;
            }
            None => self.kernels.push((kernel, work, 1)),
        }
    }
}

/// Work per millisecond before anything was measured: a third to a tenth of what such devices reach.
pub(crate) fn work_per_millisecond(device: DeviceType) -> f64 {
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
    fn rates_converge_to_measured_times() {
        let mut model = CostModel::new(DeviceType::Cpu);
        let [fast, slow] = ["fast", "slow"].map(|name| KernelId::new(name, &[]));
        let truth = |kernel: KernelId, work: u64| if kernel == fast { work as f64 * 0.01 } else { work as f64 * 0.8 };
        for round in 0..60u64 {
            let work = [(fast, 40_000_000 + round * 1_000_000), (slow, if round % 3 == 0 { 0 } else { 5_000_000 })];
            let mut workload = Workload::default();
            work.iter().filter(|(_, work)| *work > 0).for_each(|(kernel, work)| workload.add(*kernel, *work));
            let nanoseconds: f64 = work.iter().map(|(kernel, work)| truth(*kernel, *work)).sum();
            model.learn(&workload, Duration::from_nanos(nanoseconds as u64));
        }
        for (kernel, work) in [(fast, 50_000_000), (slow, 5_000_000)] {
            let ratio = model.price(kernel, work) as f64 / truth(kernel, work);
            assert!((0.8..1.25).contains(&ratio), "{ratio}");
        }
    }

    #[test]
    fn implausible_measurements_change_rates_little() {
        let mut model = CostModel::new(DeviceType::DiscreteGpu);
        let kernel = KernelId::new("kernel", &[]);
        let before = model.price(kernel, 1_000_000);
        let mut workload = Workload::default();
        model.learn(&workload, Duration::from_secs(1));
        workload.add(kernel, 1_000_000);
        model.learn(&workload, Duration::ZERO);
        assert_eq!(model.price(kernel, 1_000_000), before);
        model.learn(&workload, Duration::MAX);
        assert!(model.price(kernel, 1_000_000) <= 3 * before);
        (0..100).for_each(|_| model.learn(&workload, Duration::MAX));
        assert!(model.price(kernel, 1_000_000_000) <= 51 * 1_000_000);
    }
}
