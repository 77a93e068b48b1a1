//! Options of a plan: device limits, kernel tuning, memory budget, precision and fusion.

use imagine_graph::Size;

/// What a plan may use and how it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlanOptions {
    /// Limits of the device.
    pub limits: DeviceLimits,
    /// Which kernel variants suit the device. Results do not depend on it beyond rounding.
    pub tuning: KernelTuning,
    /// Maximum bytes of inputs, states, intermediates and outputs together; weights do not count. Unlimited by default.
    pub arena_bytes: u64,
    /// How numbers are stored between passes; 16 bits need a device with `SHADER_F16`.
    pub precision: Precision,
    /// Whether nodes are fused into one kernel.
    pub fusion: Fusion,
    /// Size of the whole image, if the plan computes a window of it. Random coordinates wrap at this size.
    pub image_size: Option<Size>,
}

/// Limits that every plan for a device has to keep. The default is what every WebGPU device supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceLimits {
    /// Maximum bytes of one buffer and of one binding.
    pub binding_bytes: u64,
    /// Maximum number of workgroups along one axis of a dispatch.
    pub workgroups: u32,
}

/// Choice among kernel variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KernelTuning {
    /// What convolutions are blocked for.
    pub target: KernelTarget,
    /// Automaton cells per invocation, 1 or 4. A GPU runs more invocations with 1; a software adapter, which loads every weight
    /// for every lane, saves three loads of four with 4. The results are the same.
    pub automaton_cells: usize,
}

/// What kind of processor a kernel is blocked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KernelTarget {
    /// A GPU: lanes that read the same weight share one load.
    #[default]
    Gpu,
    /// A software adapter with subgroups of at least eight lanes: every lane loads for itself but can read the others' registers.
    CpuSubgroups,
}

/// How numbers are stored between passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floats, as in the reference. Automata always use them: the error of a step is the next step's input.
    #[default]
    F32,
    /// 16-bit floats where kernels support them, also for weights of convolutions, on devices with `SHADER_F16`: half the
    /// memory and traffic, about three decimal digits. Values above 65,504 become infinite.
    F16,
}

/// Whether several nodes may become one kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fusion {
    /// Nodes around convolutions, and automaton steps, become one kernel.
    #[default]
    On,
    /// One kernel per node, for comparison.
    Off,
}

impl Default for DeviceLimits {
    fn default() -> Self {
        Self { binding_bytes: 128 << 20, workgroups: 65_535 }
    }
}

impl Default for KernelTuning {
    fn default() -> Self {
        Self { target: KernelTarget::Gpu, automaton_cells: 1 }
    }
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            limits: DeviceLimits::default(),
            tuning: KernelTuning::default(),
            arena_bytes: u64::MAX,
            precision: Precision::F32,
            fusion: Fusion::On,
            image_size: None,
        }
    }
}

impl PlanOptions {
    /// The limits of `device`, and the kernels that suit the adapter that `info` describes.
    pub fn for_device(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Self {
        let limits = device.limits();
        let binding_bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) / 256 * 256;
        let limits = DeviceLimits { binding_bytes, workgroups: limits.max_compute_workgroups_per_dimension };
        let is_cpu = info.device_type == wgpu::DeviceType::Cpu;
        let has_subgroups = info.subgroup_min_size >= 8 && device.features().contains(wgpu::Features::SUBGROUP);
        let target = if is_cpu && has_subgroups { KernelTarget::CpuSubgroups } else { KernelTarget::Gpu };
        let tuning = KernelTuning { target, automaton_cells: if is_cpu { 4 } else { 1 } };
        Self { limits, tuning, ..Self::default() }
    }
}
