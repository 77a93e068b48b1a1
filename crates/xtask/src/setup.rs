//! `setup`: checks for a Vulkan adapter and system libraries. Installs missing Debian/Ubuntu packages, as root or through
//! sudo; on other systems it prints what to install.
//!
//! An adapter is the Vulkan loader and a driver, possibly a software one, whose library exists. No device is opened.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::step::{self, Outcome, StepResult, works};

/// What the machine has to support.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Needs {
    /// Compute and rendering without a window.
    Adapter,
    /// A window as well.
    Window,
}

/// A missing component and the package that provides it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Missing {
    what: &'static str,
    package: &'static str,
}

/// Libraries that a window needs at run time.
const WINDOW_LIBRARIES: [Missing; 6] = [
    Missing { what: "libX11.so.6", package: "libx11-6" },
    Missing { what: "libX11-xcb.so.1", package: "libx11-xcb1" },
    Missing { what: "libXcursor.so.1", package: "libxcursor1" },
    Missing { what: "libXi.so.6", package: "libxi6" },
    Missing { what: "libXrandr.so.2", package: "libxrandr2" },
    Missing { what: "libxkbcommon-x11.so.0", package: "libxkbcommon-x11-0" },
];
const LOADER: Missing = Missing { what: "libvulkan.so.1", package: "libvulkan1" };
const DRIVER: Missing = Missing { what: "a Vulkan driver", package: "mesa-vulkan-drivers" };

/// Sets up everything except windows.
pub fn run() -> StepResult {
    install(Needs::Adapter)
}

/// Checks the machine and installs what is missing.
pub fn install(needs: Needs) -> StepResult {
    toolchain()?;
    if !cfg!(target_os = "linux") {
        println!("{}: uses the system's graphics driver, nothing to install", std::env::consts::OS);
        return Ok(Outcome::Done);
    }
    let missing_now = missing(needs, &library_folders());
    if missing_now.is_empty() {
        println!("Vulkan loader, driver and system libraries: found");
        return Ok(Outcome::Done);
    }
    missing_now.iter().for_each(|m| println!("missing: {} (package {})", m.what, m.package));
    let packages: Vec<&str> = missing_now.iter().map(|m| m.package).collect();
    apt_install(&packages)?;
    let missing_now = missing(needs, &library_folders());
    if let Some(first) = missing_now.first() {
        bail!("{} is still missing although its package {} was installed", first.what, first.package);
    }
    Ok(Outcome::Done)
}

/// The tests need rustfmt and clippy, which a minimal toolchain lacks.
fn toolchain() -> anyhow::Result<()> {
    for (tool, component) in [("rustfmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if works(tool, &["--version"]) {
            continue;
        }
        if !works("rustup", &["--version"]) {
            bail!("{component} is missing: install it the way the Rust toolchain was installed, or install rustup");
        }
        step::run(Command::new("rustup").args(["component", "add", component]))?;
    }
    Ok(())
}

fn apt_install(packages: &[&str]) -> anyhow::Result<()> {
    let install = ["apt-get", "install", "--yes", "--no-install-recommends"];
    let by_hand = format!("sudo {} {}", install.join(" "), packages.join(" "));
    if !works("apt-get", &["--version"]) {
        bail!("this is not Debian or Ubuntu: please install the equivalents of these packages: {}", packages.join(" "));
    }
    let rights: &[&str] = if is_root() {
        &[]
    } else if works("sudo", &["-n", "true"]) {
        &["sudo", "-n"]
    } else {
        bail!("packages are missing, and installing them needs root; please run\n  {by_hand}");
    };
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = rights.iter().chain(["env", "DEBIAN_FRONTEND=noninteractive"].iter()).copied().collect();
        step::run(Command::new(words[0]).args(&words[1..]).args(arguments))
    };
    // The package list of a fresh machine is empty or old. If the update fails, the list may still be good enough.
    if let Err(error) = apt(&["apt-get", "update"]) {
        eprintln!("warning: {error:#}");
    }
    apt(&[&install[..], packages].concat())?;
    Ok(())
}

/// Whether this process runs as root.
fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn missing(needs: Needs, folders: &[PathBuf]) -> Vec<Missing> {
    let has = |library: &str| folders.iter().any(|folder| folder.join(library).exists());
    let mut missing = Vec::new();
    if !has(LOADER.what) {
        missing.push(LOADER);
    }
    if !driver_manifests().iter().any(|manifest| names_a_library(manifest, has)) {
        missing.push(DRIVER);
    }
    if needs == Needs::Window {
        missing.extend(WINDOW_LIBRARIES.into_iter().filter(|m| !has(m.what)));
    }
    missing
}

/// Folders that the dynamic linker searches: `LD_LIBRARY_PATH`, the usual ones, and those of `ldconfig`.
fn library_folders() -> Vec<PathBuf> {
    let usual = ["/lib", "/usr/lib", "/usr/local/lib", "/lib64", "/usr/lib64"].map(PathBuf::from);
    let mut folders: Vec<PathBuf> =
        std::env::var_os("LD_LIBRARY_PATH").iter().flat_map(std::env::split_paths).collect();
    folders.extend(usual);
    let listing = Command::new("/sbin/ldconfig").arg("-p").output().map(|output| output.stdout).unwrap_or_default();
    for line in String::from_utf8_lossy(&listing).lines() {
        let folder = line.split(" => ").nth(1).and_then(|path| Path::new(path.trim()).parent());
        if let Some(folder) = folder.filter(|folder| !folders.iter().any(|known| known == folder)) {
            folders.push(folder.into());
        }
    }
    folders
}

/// Driver manifests in the Vulkan loader's search order.
fn driver_manifests() -> Vec<PathBuf> {
    for name in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        if let Some(paths) = std::env::var_os(name).filter(|paths| !paths.is_empty()) {
            return std::env::split_paths(&paths).flat_map(manifests_at).collect();
        }
    }
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share/vulkan/icd.d"));
    let system = ["/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/usr/share/vulkan/icd.d"].map(PathBuf::from);
    system.into_iter().chain(home).flat_map(manifests_at).collect()
}

fn manifests_at(path: PathBuf) -> Vec<PathBuf> {
    let Ok(entries) = path.read_dir() else { return vec![path] };
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "json")).collect()
}

/// Whether the driver manifest at `path` names a library that exists.
fn names_a_library(path: &Path, has: impl Fn(&str) -> bool) -> bool {
    let Some(text) = std::fs::read(path).ok() else { return false };
    let Some(library) = library_of(&text) else { return false };
    match library.contains('/') {
        // A relative path starts at the manifest.
        true => path.parent().unwrap_or(Path::new("")).join(&library).exists(),
        false => has(&library),
    }
}

fn library_of(manifest: &[u8]) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    manifest["ICD"]["library_path"].as_str().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_libraries_are_listed_as_packages() {
        let nowhere = [PathBuf::from("/nonexistent")];
        let packages: Vec<_> = missing(Needs::Window, &nowhere).iter().map(|m| m.package).collect();
        assert!(packages.contains(&"libvulkan1") && packages.contains(&"libxi6"), "{packages:?}");
        assert!(!missing(Needs::Adapter, &nowhere).iter().any(|m| m.package == "libxi6"));
    }

    #[test]
    fn a_manifest_without_its_library_is_not_a_driver() {
        let folder = std::env::temp_dir().join(format!("imagine-setup-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let manifest = folder.join("driver.json");
        std::fs::write(&manifest, r#"{"ICD": {"library_path": "libdriver.so", "api_version": "1.3"}}"#).unwrap();
        assert!(names_a_library(&manifest, |library| library == "libdriver.so"));
        assert!(!names_a_library(&manifest, |_| false));
        std::fs::write(&manifest, r#"{"ICD": {"library_path": "./driver.json"}}"#).unwrap();
        assert!(names_a_library(&manifest, |_| false));
        std::fs::write(&manifest, "not json").unwrap();
        assert!(!names_a_library(&manifest, |_| true));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
