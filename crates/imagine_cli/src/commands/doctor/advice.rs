//! What will be slow or refused on a machine, and what to do about it.

use imagine_wgpu::headless::AdapterSurvey;

use super::machine::Machine;
use crate::output::bytes;

/// Free bytes below which a training's checkpoints or large pictures may not fit.
const LITTLE_SPACE: u64 = 1 << 30;
/// Memory below which trainings and large pictures may not fit.
const LITTLE_MEMORY: u64 = 4 << 30;
/// Cores below which training on the CPU takes days.
const FEW_CORES: usize = 4;
/// Largest binding that an image of 4096x4096 with four channels of 32 bits fits.
const LARGE_BINDING: u64 = 256 << 20;

/// Advice, the most important first.
pub fn advice(machine: &Machine, adapters: &[AdapterSurvey]) -> Vec<String> {
    let mut advice = Vec::new();
    let chosen = adapters.iter().find(|adapter| adapter.is_chosen);
    no_driver(machine, adapters, &mut advice);
    match chosen {
        None => no_adapter(machine, adapters, &mut advice),
        Some(chosen) => about(chosen, &mut advice),
    }
    if machine.is_debug_build {
        advice.push("this is a debug build, many times slower: build with --release".into());
    }
    if machine.cores < FEW_CORES {
        let cores = machine.cores;
        advice.push(format!(
            "{cores} cores: sprites take days with `imagine train --backend flex`; a living texture from a \
             shipped one (--from) takes minutes"
        ));
    }
    if let Some(memory) = machine.memory.filter(|memory| *memory < LITTLE_MEMORY) {
        advice.push(format!(
            "{} of memory: give trainings a smaller --batch, and pictures a smaller --size",
            bytes(memory)
        ));
    }
    for disk in &machine.disks {
        if let Some(fault) = &disk.fault {
            advice.push(fault.clone());
        } else if let Some(free) = disk.free.filter(|free| *free < LITTLE_SPACE) {
            let (free, path) = (bytes(free), disk.path.display());
            advice.push(format!(
                "only {free} are free in {path}: checkpoints of a training may not fit; free some space"
            ));
        }
    }
    advice
}

/// Graphics hardware of whose vendor there is no adapter.
fn no_driver(machine: &Machine, adapters: &[AdapterSurvey], advice: &mut Vec<String>) {
    for device in &machine.closed_devices {
        let device = device.display();
        advice.push(format!("you may not open {device}: add your user to the group that owns it (render or video)"));
    }
    let has_adapter = |vendor: u32| adapters.iter().any(|a| a.vendor == vendor && !a.is_software && a.fault.is_none());
    for vendor in machine.graphics_hardware.iter().copied().filter(|vendor| !has_adapter(*vendor)) {
        let (name, driver) = match vendor {
            0x10de => (
                "NVIDIA",
                "install NVIDIA's driver with its Vulkan part (Debian and Ubuntu: nvidia-driver, with libnvidia-gl; in a \
                 container, NVIDIA_DRIVER_CAPABILITIES=all)",
            ),
            0x1002 => ("AMD", "install Mesa's Vulkan drivers (Debian and Ubuntu: mesa-vulkan-drivers)"),
            0x8086 => ("Intel", "install Mesa's Vulkan drivers (Debian and Ubuntu: mesa-vulkan-drivers)"),
            // Servers' management screens and virtual machines' displays cannot compute.
            _ => continue,
        };
        advice.push(format!("there is graphics hardware of {name}, but no Vulkan driver for it: {driver}"));
    }
}

fn no_adapter(machine: &Machine, adapters: &[AdapterSurvey], advice: &mut Vec<String>) {
    const CHOICE: [&str; 3] = ["IMAGINE_ADAPTER", "WGPU_BACKEND", "WGPU_ADAPTER_NAME"];
    let set: Vec<String> = machine
        .environment
        .iter()
        .filter(|(name, _)| CHOICE.contains(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !set.is_empty() {
        advice.push(format!("no adapter fits {}: unset what restricts the choice", set.join(" ")));
    }
    if adapters.is_empty() && cfg!(target_os = "linux") {
        advice.push(
            "no graphics driver: install one (Debian and Ubuntu: `sudo apt install libvulkan1 mesa-vulkan-drivers`, which \
             also has a software driver for machines without a GPU)"
                .into(),
        );
    } else if set.is_empty() {
        advice.push("no adapter can be used: install or update the graphics driver".into());
    }
    advice.push(
        "until then `imagine generate --backend cpu` and `imagine train --backend flex` work, slowly; `compare`, `bench` and \
         the Bevy plugin do not"
            .into(),
    );
}

/// What the adapter that is used lacks.
fn about(chosen: &AdapterSurvey, advice: &mut Vec<String>) {
    let name = &chosen.name;
    if let Some(fault) = &chosen.fault {
        advice.push(format!(
            "{name} cannot be used ({fault}): update its driver, or choose another with WGPU_ADAPTER_NAME"
        ));
        return;
    }
    if chosen.is_software {
        advice.push(format!(
            "{name} computes on the processor: generating works and is slow, and trainings are faster with --backend flex \
             than with wgpu"
        ));
    }
    if chosen.backend == "gl" {
        advice.push(format!(
            "{name} is reached through OpenGL, and burn-wgpu finds nothing: install a Vulkan driver for it"
        ));
    }
    if !chosen.has_half {
        advice.push(format!("{name} has no 16-bit floats: --precision f16 is refused"));
    }
    if !chosen.has_timestamps {
        advice.push(format!("{name} measures no GPU time: the plugin keeps its frame budget by estimates"));
    }
    if chosen.max_binding < LARGE_BINDING {
        let largest = bytes(chosen.max_binding);
        advice
            .push(format!("{name} binds at most {largest} at once: pictures near 4096x4096 are made in tiles, slower"));
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::machine::Disk;
    use super::*;

    fn adapter() -> AdapterSurvey {
        AdapterSurvey {
            name: "Card".into(),
            backend: "vulkan".into(),
            kind: "discrete GPU",
            driver: "driver".into(),
            driver_version: "1".into(),
            vendor: 0x10de,
            is_software: false,
            is_chosen: true,
            fault: None,
            has_half: true,
            has_subgroups: true,
            has_timestamps: true,
            max_buffer: 1 << 31,
            max_binding: 1 << 31,
            max_texture_side: 16_384,
            max_workgroup_memory: 32_768,
            max_workgroup_size: 1024,
        }
    }

    fn machine() -> Machine {
        Machine { cores: 8, memory: Some(16 << 30), graphics_hardware: vec![0x10de], ..Machine::default() }
    }

    #[test]
    fn a_good_machine_needs_no_advice() {
        assert!(advice(&machine(), &[adapter()]).is_empty());
    }

    #[test]
    fn a_software_adapter_beside_hardware_is_a_missing_driver() {
        let software = AdapterSurvey { name: "llvmpipe".into(), vendor: 0x10005, is_software: true, ..adapter() };
        let found = advice(&machine(), &[software]);
        assert!(found[0].contains("hardware of NVIDIA, but no Vulkan driver"), "{found:?}");
        assert!(found[1].starts_with("llvmpipe computes on the processor"), "{found:?}");
    }

    #[test]
    fn opengl_is_a_stopgap() {
        let found = advice(&machine(), &[AdapterSurvey { backend: "gl".into(), ..adapter() }]);
        assert!(found[0].contains("install a Vulkan driver"), "{found:?}");
    }

    #[test]
    fn without_an_adapter_it_says_what_restricts_and_what_still_works() {
        let restricted = Machine { environment: vec![("WGPU_BACKEND", "dx12".into())], ..machine() };
        let other = AdapterSurvey { is_chosen: false, ..adapter() };
        let found = advice(&restricted, &[other]);
        assert_eq!(found[0], "no adapter fits WGPU_BACKEND=dx12: unset what restricts the choice");
        assert!(found[1].contains("--backend cpu"), "{found:?}");
        let found = advice(&Machine { graphics_hardware: Vec::new(), ..machine() }, &[]);
        assert!(found[0].contains("install"), "{found:?}");
    }

    #[test]
    fn what_is_small_or_missing_is_named() {
        let disk = |free, fault: Option<&str>| {
            let (path, fault) = (PathBuf::from("/out"), fault.map(String::from));
            Disk { what: "the current folder", path, free: Some(free), fault }
        };
        let small = Machine {
            is_debug_build: true,
            cores: 2,
            memory: Some(2 << 30),
            disks: vec![disk(5 << 20, None), disk(5 << 30, Some("/out: no"))],
            ..machine()
        };
        let weak = AdapterSurvey { has_half: false, has_timestamps: false, max_binding: 128 << 20, ..adapter() };
        let found = advice(&small, &[weak]).join("\n");
        for part in
            ["16-bit floats", "no GPU time", "128 MiB", "debug build", "2 cores", "2 GiB", "5 MiB are free", "/out: no"]
        {
            assert!(found.contains(part), "{part} is missing in {found}");
        }
    }
}
