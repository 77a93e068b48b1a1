//! Choice of the adapter by environment variables, and its device.

use super::error::GpuError;

/// Silences Mesa's `error: XDG_RUNTIME_DIR is invalid or not set` on Linux machines without a display.
///
/// The message comes from Mesa's implicit Vulkan layer `VK_LAYER_MESA_device_select`, which looks for a Wayland display.
/// This disables the layer (`NODEVICE_SELECT=1`) unless `DISPLAY`, `WAYLAND_DISPLAY` or `MESA_VK_DEVICE_SELECT` is set.
///
/// # Safety
///
/// No other thread may read or write the environment at the same time: call it first in `main`.
pub unsafe fn quiet_without_display() {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let keeps_layer = ["DISPLAY", "WAYLAND_DISPLAY", "MESA_VK_DEVICE_SELECT"].into_iter().any(is_set);
    if cfg!(target_os = "linux") && !keeps_layer {
        // SAFETY: the caller promises that no other thread touches the environment.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// Conditions from the environment; empty strings are no condition.
#[derive(Default)]
pub(super) struct AdapterFilter {
    /// `IMAGINE_ADAPTER`: `software` or `hardware`.
    kind: String,
    /// `WGPU_ADAPTER_NAME`: part of the name, in any case.
    name: String,
    /// `WGPU_BACKEND`, which wgpu itself obeys; for the error.
    backend: String,
}

impl AdapterFilter {
    pub fn from_env() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let [kind, name, backend] = ["IMAGINE_ADAPTER", "WGPU_ADAPTER_NAME", "WGPU_BACKEND"].map(variable);
        Self { kind, name, backend }
    }

    fn accepts(&self, name: &str, device_type: wgpu::DeviceType) -> bool {
        let is_software = device_type == wgpu::DeviceType::Cpu;
        let kind = match self.kind.as_str() {
            "software" => is_software,
            "hardware" => !is_software,
            _ => true,
        };
        kind && name.to_lowercase().contains(&self.name.to_lowercase())
    }

    /// The filter in words, as in `no software graphics adapter (WGPU_BACKEND=gl)`.
    fn describe(&self) -> String {
        let kind = if self.kind.is_empty() { "compute-capable" } else { &self.kind };
        let variables = [("WGPU_ADAPTER_NAME", &self.name), ("WGPU_BACKEND", &self.backend)];
        let set: Vec<String> = variables
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(variable, value)| format!("{variable}={value}"))
            .collect();
        let set = if set.is_empty() { String::new() } else { format!(" ({})", set.join(", ")) };
        format!("{kind} graphics adapter{set}")
    }
}

/// The fastest adapter that the environment allows.
pub(super) async fn choose_adapter() -> Result<wgpu::Adapter, GpuError> {
    let filter = AdapterFilter::from_env();
    let mut adapters = all_adapters().await;
    match best(&adapters, &filter) {
        Some(index) => Ok(adapters.swap_remove(index)),
        None => {
            let found = adapters.iter().map(|adapter| adapter.get_info().name).collect();
            Err(GpuError::NoAdapter { wanted: filter.describe(), found })
        }
    }
}

/// Every adapter of the system, within `WGPU_BACKEND`.
pub(super) async fn all_adapters() -> Vec<wgpu::Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    instance.enumerate_adapters(wgpu::Backends::all()).await
}

/// Index of the fastest adapter that the filter accepts and that can compute.
pub(super) fn best(adapters: &[wgpu::Adapter], filter: &AdapterFilter) -> Option<usize> {
    let rank = |index: &usize| match adapters[*index].get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    let is_usable = |index: &usize| {
        let info = adapters[*index].get_info();
        filter.accepts(&info.name, info.device_type) && can_compute(&adapters[*index])
    };
    (0..adapters.len()).filter(is_usable).min_by_key(rank)
}

/// Whether the adapter runs compute shaders.
pub(super) fn can_compute(adapter: &wgpu::Adapter) -> bool {
    adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
}

/// Opens a device with everything that kernels and timers can use.
pub(super) async fn open_device(adapter: &wgpu::Adapter) -> Result<(wgpu::Device, wgpu::Queue), GpuError> {
    let wanted = wgpu::Features::TIMESTAMP_QUERY
        | wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS
        | wgpu::Features::SHADER_F16
        | wgpu::Features::SUBGROUP;
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("imagine"),
        required_features: adapter.features() & wanted,
        required_limits: adapter.limits(),
        ..Default::default()
    };
    let device = adapter.request_device(&descriptor).await;
    device.map_err(|error| GpuError::NoDevice { adapter: adapter.get_info().name, reason: error.to_string() })
}

/// Whether libraries that take the system's default adapter, as burn-wgpu does, find one: Metal's on Apple systems, else Vulkan's.
pub fn has_default_adapter() -> bool {
    let backends = if cfg!(target_vendor = "apple") { wgpu::Backends::METAL } else { wgpu::Backends::VULKAN };
    let descriptor = wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
    let power_preference = wgpu::PowerPreference::HighPerformance;
    let options = wgpu::RequestAdapterOptions { power_preference, ..Default::default() };
    pollster::block_on(wgpu::Instance::new(descriptor).request_adapter(&options)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_in_part_and_in_any_case() {
        let filter = AdapterFilter { name: "LLVM".into(), ..AdapterFilter::default() };
        assert!(filter.accepts("llvmpipe (LLVM 15.0.7)", wgpu::DeviceType::Cpu));
        assert!(!filter.accepts("NVIDIA H200", wgpu::DeviceType::DiscreteGpu));
        let hardware = AdapterFilter { kind: "hardware".into(), ..filter };
        assert!(!hardware.accepts("llvmpipe (LLVM 15.0.7)", wgpu::DeviceType::Cpu));
    }

    #[test]
    fn the_error_names_the_variables_and_what_was_found() {
        let filter = AdapterFilter { kind: "software".into(), name: "nvidia".into(), backend: "vulkan".into() };
        let error = GpuError::NoAdapter { wanted: filter.describe(), found: vec!["llvmpipe".into()] };
        expect_test::expect![[
            r#"no software graphics adapter (WGPU_ADAPTER_NAME=nvidia, WGPU_BACKEND=vulkan): found ["llvmpipe"]"#
        ]]
        .assert_eq(&error.to_string());
    }
}
