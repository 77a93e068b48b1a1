//! What each adapter of the machine can do, for reports; opens every one of them.

use super::adapter::{AdapterFilter, all_adapters, best, can_compute, open_device};

/// An adapter and what matters to generators about it.
#[derive(Clone, Debug, PartialEq)]
pub struct AdapterSurvey {
    /// Name as the driver gives it.
    pub name: String,
    /// Graphics interface: `vulkan`, `metal`, `dx12`.
    pub backend: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `software` or `other`.
    pub kind: &'static str,
    /// Name of the driver; may be empty.
    pub driver: String,
    /// Version of the driver; may be empty.
    pub driver_version: String,
    /// PCI number of the vendor, such as 0x10de.
    pub vendor: u32,
    /// Whether it computes on the processor.
    pub is_software: bool,
    /// Whether [`super::Gpu::new`] takes it.
    pub is_chosen: bool,
    /// Why its device does not open.
    pub fault: Option<String>,
    /// Whether kernels can store 16-bit floats.
    pub has_half: bool,
    /// Whether kernels can share values within a subgroup.
    pub has_subgroups: bool,
    /// Whether GPU time can be measured.
    pub has_timestamps: bool,
    /// Largest buffer in bytes.
    pub max_buffer: u64,
    /// Largest binding of a storage buffer in bytes; larger images are made in tiles.
    pub max_binding: u64,
    /// Largest side of a texture in texels.
    pub max_texture_side: u32,
    /// Memory of a workgroup in bytes.
    pub max_workgroup_memory: u32,
    /// Invocations of a workgroup.
    pub max_workgroup_size: u32,
}

/// Every adapter of the machine, within what the environment variables allow wgpu to see.
pub fn survey() -> Vec<AdapterSurvey> {
    pollster::block_on(async {
        let adapters = all_adapters().await;
        let chosen = best(&adapters, &AdapterFilter::from_env());
        let mut found = Vec::new();
        for (index, adapter) in adapters.iter().enumerate() {
            let fault = match can_compute(adapter) {
                true => open_device(adapter).await.err().map(|error| error.to_string()),
                false => Some("it runs no compute shaders".into()),
            };
            found.push(of(adapter, chosen == Some(index), fault));
        }
        found
    })
}

fn of(adapter: &wgpu::Adapter, is_chosen: bool, fault: Option<String>) -> AdapterSurvey {
    let (info, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => "discrete GPU",
        wgpu::DeviceType::IntegratedGpu => "integrated GPU",
        wgpu::DeviceType::VirtualGpu => "virtual GPU",
        wgpu::DeviceType::Cpu => "software",
        wgpu::DeviceType::Other => "other",
    };
    AdapterSurvey {
        name: info.name,
        backend: info.backend.to_str().into(),
        kind,
        driver: info.driver,
        driver_version: info.driver_info,
        vendor: info.vendor,
        is_software: info.device_type == wgpu::DeviceType::Cpu,
        is_chosen,
        fault,
        has_half: features.contains(wgpu::Features::SHADER_F16),
        has_subgroups: features.contains(wgpu::Features::SUBGROUP),
        has_timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
        max_buffer: limits.max_buffer_size,
        max_binding: limits.max_storage_buffer_binding_size,
        max_texture_side: limits.max_texture_dimension_2d,
        max_workgroup_memory: limits.max_compute_workgroup_storage_size,
        max_workgroup_size: limits.max_compute_invocations_per_workgroup,
    }
}
