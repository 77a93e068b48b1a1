//! What passes cost on this device: a linear model a kernel, corrected by what the GPU says they took.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use imagine_wgpu::{Pass, ShaderDef};
use wgpu::DeviceType;

/// Most that one measurement may change a rate.
const LARGEST_CORRECTION: f64 = 2.0;
/// How far a rate may go from that of the device's type, either way.
const LARGEST_RATE: f64 = 50.0;
/// Nanoseconds of a dispatch that does nothing.
const DISPATCH_NANOSECONDS: f64 = 2_000.0;
/// Nanoseconds of predicted work below which a slice tells what slices cost by themselves.
const SHORT_NANOSECONDS: f64 = 20_000.0;
/// Share of a measurement in the mean of what slices cost by themselves.
const SHORT_SHARE: f64 = 0.1;

/// A kernel in one variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KernelId {
    shader: &'static str,
    variant: u64,
}

/// Nanoseconds for the work of kernels. A resource of the render world.
#[derive(Resource, Clone, Debug)]
pub(crate) struct CostModel {
    /// Nanoseconds for a unit of [`imagine_wgpu::Cost::work`], by kernel.
    rates: HashMap<KernelId, f64>,
    /// For kernels that were not measured yet.
    first_rate: f64,
    /// Nanoseconds of a slice beside its work: barriers, the switch to another program, the clock.
    slice: f64,
}

/// What was measured together: the work of each kernel.
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
        defs.hash(&mut hasher);
        Self { shader, variant: hasher.finish() }
    }

    pub fn of(pass: &Pass) -> Self {
        Self::new(pass.call.pipeline.shader, &pass.call.pipeline.defs)
    }
}

impl CostModel {
    pub fn new(device: DeviceType) -> Self {
        Self { rates: HashMap::new(), first_rate: 1e6 / work_per_millisecond(device), slice: 0.0 }
    }

    /// Nanoseconds of one dispatch with `work` of a kernel.
    pub fn price(&self, kernel: KernelId, work: u64) -> u64 {
        (DISPATCH_NANOSECONDS + self.rate(kernel) * work as f64) as u64
    }

    /// Nanoseconds of a slice beside its work.
    pub fn slice(&self) -> u64 {
        self.slice as u64
    }

    /// Nanoseconds of a pass.
    pub fn price_of(&self, pass: &Pass) -> u64 {
        self.price(KernelId::of(pass), pass.cost().work())
    }

    /// Corrects the rates of what took `measured` together, each by its share of the predicted time.
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
            // One frame in which the GPU did something else says little.
            self.slice += SHORT_SHARE * (beside.min(self.slice.max(SHORT_NANOSECONDS) * 4.0) - self.slice);
            return;
        }
        let correction =
            ((measured - overhead - self.slice) / total).clamp(1.0 / LARGEST_CORRECTION, LARGEST_CORRECTION);
        for ((kernel, ..), part) in workload.kernels.iter().zip(predicted) {
            // Half of a correction downwards at once, all of one upwards: a budget that is kept matters more than one used up.
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
    /// Shaders, and the share of the predicted time that each has.
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

/// What our kernels reach before anything was measured, rounded down: a third to a tenth of what such devices can do at best.
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
    fn rates_approach_what_is_measured() {
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
    fn nonsense_is_not_learnt() {
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
