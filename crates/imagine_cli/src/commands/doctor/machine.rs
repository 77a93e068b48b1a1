//! The machine as the operating system describes it. Where a system says nothing, the entry is empty.

use std::path::{Path, PathBuf};

use imagine_graph::file::check_folder;

use crate::room;

/// Environment variables that decide which adapter is used.
const VARIABLES: [&str; 8] = [
    "IMAGINE_ADAPTER",
    "WGPU_BACKEND",
    "WGPU_ADAPTER_NAME",
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
    "VK_LOADER_DRIVERS_SELECT",
    "VK_LOADER_DRIVERS_DISABLE",
    "CUDA_VISIBLE_DEVICES",
];

/// Everything but the adapters.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Version of this program.
    pub version: &'static str,
    /// Whether it was built without optimisation.
    pub is_debug_build: bool,
    /// What `--backend` of a training may be.
    pub train_backends: Vec<String>,
    /// Operating system, its version, and the processor's architecture.
    pub system: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Vector instructions that the CPU executors use if they are there.
    pub processor_features: Vec<&'static str>,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// PCI numbers of the vendors of graphics hardware.
    pub graphics_hardware: Vec<u32>,
    /// Graphics devices that this user may not open.
    pub closed_devices: Vec<PathBuf>,
    /// Where files are written.
    pub disks: Vec<Disk>,
    /// Set variables of [`VARIABLES`].
    pub environment: Vec<(&'static str, String)>,
}

/// A folder that files are written into.
#[derive(Clone, Debug)]
pub struct Disk {
    /// What the folder is for.
    pub what: &'static str,
    /// The folder.
    pub path: PathBuf,
    /// Free bytes for this user.
    pub free: Option<u64>,
    /// Why it takes no files.
    pub fault: Option<String>,
}

impl Machine {
    /// Looks at this machine.
    pub fn look() -> Self {
        let variables = VARIABLES.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
        Self {
            version: env!("CARGO_PKG_VERSION"),
            is_debug_build: cfg!(debug_assertions),
            train_backends: train_backends(),
            system: system(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor_features: processor_features(),
            memory: room::memory(),
            graphics_hardware: graphics_hardware(Path::new("/sys/bus/pci/devices")),
            closed_devices: closed_devices(),
            disks: vec![disk("the current folder", PathBuf::from("."))],
            environment: variables.filter(|(_, value)| !value.is_empty()).collect(),
        }
    }
}

fn system() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let parts = [pretty.unwrap_or_default().trim_matches('"'), std::env::consts::OS, kernel.trim()];
    let name: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}, {}", name.join(" "), std::env::consts::ARCH)
}

/// Backends of trainings that the program was built with.
#[cfg(feature = "train")]
fn train_backends() -> Vec<String> {
    use clap::ValueEnum;

    use crate::arguments::name;

    crate::commands::training::TrainBackend::value_variants().iter().map(|backend| name(*backend)).collect()
}

#[cfg(not(feature = "train"))]
fn train_backends() -> Vec<String> {
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
fn processor_features() -> Vec<&'static str> {
    let all = [
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("FMA", is_x86_feature_detected!("fma")),
        ("AVX-512", is_x86_feature_detected!("avx512f")),
    ];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn processor_features() -> Vec<&'static str> {
    Vec::new()
}

/// Vendors of the PCI devices of class 3, displays.
fn graphics_hardware(devices: &Path) -> Vec<u32> {
    let number = |path: PathBuf| {
        let text = std::fs::read_to_string(path).ok()?;
        u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
    };
    let entries = std::fs::read_dir(devices).into_iter().flatten().flatten();
    let displays = entries.filter(|entry| number(entry.path().join("class")).is_some_and(|class| class >> 16 == 3));
    let mut vendors: Vec<u32> = displays.filter_map(|entry| number(entry.path().join("vendor"))).collect();
    vendors.sort_unstable();
    vendors.dedup();
    vendors
}

/// Linux's render devices that may not be opened.
fn closed_devices() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    let mut devices: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    devices.retain(|path| {
        let is_render = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("renderD"));
        let open = || std::fs::File::options().read(true).write(true).open(path);
        is_render && open().is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    });
    devices.sort();
    devices
}

fn disk(what: &'static str, path: PathBuf) -> Disk {
    let fault = check_folder(&path).err().map(|error| error.to_string());
    Disk { what, free: fs4::available_space(&path).ok(), path: path.canonicalize().unwrap_or(path), fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphics_hardware_is_found_by_its_class() {
        let folder = tempfile::tempdir().unwrap();
        for (name, class, vendor) in
            [("a", "0x030200\n", "0x10de\n"), ("b", "0x020000\n", "0x8086\n"), ("c", "0x030000\n", "0x1002\n")]
        {
            let device = folder.path().join(name);
            std::fs::create_dir(&device).unwrap();
            std::fs::write(device.join("class"), class).unwrap();
            std::fs::write(device.join("vendor"), vendor).unwrap();
        }
        assert_eq!(graphics_hardware(folder.path()), [0x1002, 0x10de]);
        assert!(graphics_hardware(&folder.path().join("none")).is_empty());
    }

    #[test]
    fn this_machine_has_cores_and_a_disk() {
        let machine = Machine::look();
        assert!(machine.cores > 0 && machine.disks[0].free.is_some(), "{machine:?}");
        assert!(machine.train_backends.contains(&"flex".to_string()));
    }
}
