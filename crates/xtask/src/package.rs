//! `package`: every crate can be published, and its package contains what it needs and nothing else.
//!
//! A package is built from its own files: if a shader is left out, only users notice. Nothing is uploaded.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::step::{self, Outcome, StepResult, cargo, files_below, list, metadata, relative, root, text};

/// Largest package, compressed.
const MAX_BYTES: u64 = 1 << 20;

/// Files that cargo adds.
const BY_CARGO: [&str; 4] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"];

/// Files of every package.
const EVERYWHERE: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Files besides Rust sources that packages need: package, extension.
const ASSETS: [(&str, &str); 3] =
    [("imagine_shaders", "wgsl"), ("bevy_imagine", "safetensors"), ("imagine_edit", "safetensors")];

/// A package to publish.
#[derive(Debug, Default)]
struct Package {
    name: String,
    /// The package in the output of `cargo metadata`.
    manifest: Value,
    /// Files in the package, relative to its root.
    files: Vec<String>,
    /// Assets on disk, relative to its root.
    assets: Vec<String>,
    /// Size of the compressed package.
    bytes: u64,
}

/// Packages everything; fails if a package lacks something or contains too much.
pub fn run() -> StepResult {
    // Fetches all dependencies; from here on nothing needs the network.
    let metadata = metadata(&[])?;
    let output = cargo(&["package", "--workspace", "--no-verify", "--allow-dirty", "--offline"]).output()?;
    if !output.status.success() {
        bail!("`cargo package` failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut findings = Vec::new();
    let packages = packages(&metadata)?;
    packages.iter().for_each(|package| check(package, &mut findings));
    findings.iter().for_each(|finding| println!("{finding}"));
    if !findings.is_empty() {
        bail!("{} findings in packages", findings.len());
    }
    let size: u64 = packages.iter().map(|package| package.bytes).sum();
    println!("{} packages, {} KiB: ready to publish", packages.len(), size >> 10);
    Ok(Outcome::Done)
}

/// The packages of the workspace that may be published.
fn packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let target = PathBuf::from(text(&metadata["target_directory"]));
    let mut packages = Vec::new();
    for manifest in step::members(metadata) {
        if manifest["publish"].is_array() {
            continue;
        }
        let name = text(&manifest["name"]);
        let output = cargo(&["package", "--list", "--allow-dirty", "--offline", "--package", &name]).output()?;
        let listed = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
        let file = target.join("package").join(format!("{name}-{}.crate", text(&manifest["version"])));
        let bytes = file.metadata().with_context(|| format!("cargo wrote no {}", file.display()))?.len();
        let folder = PathBuf::from(text(&manifest["manifest_path"]));
        let assets = assets(&name, folder.parent().unwrap_or(&root()))?;
        let files = listed.lines().map(|line| line.replace('\\', "/")).collect();
        packages.push(Package { name, manifest: manifest.clone(), files, assets, bytes });
    }
    Ok(packages)
}

/// Files of `ASSETS` below the folder of `package`, relative to it.
fn assets(package: &str, folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for (_, extension) in ASSETS.iter().filter(|(owner, _)| *owner == package) {
        found.extend(files_below(folder, extension)?.iter().map(|path| relative(folder, path)));
    }
    Ok(found)
}

/// Finds what `package` lacks, and superfluous files.
fn check(package: &Package, findings: &mut Vec<String>) {
    let mut find = |what: String| findings.push(format!("package {}: {what}", package.name));
    for key in ["description", "license", "readme"] {
        if package.manifest[key].as_str().is_none_or(str::is_empty) {
            find(format!("its manifest has no {key}"));
        }
    }
    for key in ["keywords", "categories"] {
        if !(1..=5).contains(&list(&package.manifest[key]).len()) {
            find(format!("its manifest needs 1 to 5 {key}"));
        }
    }
    let holds = |file: &str| package.files.iter().any(|held| held == file);
    let needed = EVERYWHERE.iter().copied().chain(package.assets.iter().map(String::as_str));
    needed.filter(|file| !holds(file)).for_each(|file| find(format!("lacks {file}")));
    for (_, extension) in ASSETS.iter().filter(|(owner, _)| *owner == package.name) {
        if !package.assets.iter().any(|asset| asset.ends_with(extension)) {
            find(format!("its folder contains no .{extension} file"));
        }
    }
    let is_source = |file: &str| file == "build.rs" || (file.starts_with("src/") && file.ends_with(".rs"));
    for file in &package.files {
        let known = BY_CARGO.contains(&file.as_str()) || EVERYWHERE.contains(&file.as_str());
        if !(known || is_source(file) || package.assets.contains(file)) {
            find(format!("contains {file}, which no build needs"));
        }
    }
    if package.bytes > MAX_BYTES {
        find(format!("{} bytes, at most {MAX_BYTES}", package.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaders() -> Package {
        let manifest = serde_json::json!({
            "description": "d", "license": "MIT", "readme": "README.md", "keywords": ["k"], "categories": ["c"],
        });
        let assets = ["lib/index.wgsl", "ops/conv.wgsl", "present/mip.wgsl"].map(String::from).to_vec();
        let sources = ["Cargo.toml", "build.rs", "src/lib.rs"];
        let files = sources.iter().chain(&EVERYWHERE).map(|file| file.to_string()).chain(assets.clone()).collect();
        Package { name: "imagine_shaders".into(), manifest, files, assets, bytes: 1 }
    }

    fn findings(package: &Package) -> Vec<String> {
        let mut findings = Vec::new();
        check(package, &mut findings);
        findings
    }

    #[test]
    fn missing_shaders_are_found() {
        assert_eq!(findings(&shaders()), [""; 0]);
        let mut package = shaders();
        package.files.retain(|file| file != "ops/conv.wgsl");
        assert_eq!(findings(&package), ["package imagine_shaders: lacks ops/conv.wgsl"]);
        package.assets.clear();
        package.files.retain(|file| !file.ends_with(".wgsl"));
        assert_eq!(findings(&package), ["package imagine_shaders: its folder contains no .wgsl file"]);
    }

    #[test]
    fn superfluous_files_and_size_are_found() {
        let mut package = shaders();
        package.files.push("tests/large.json".into());
        package.bytes = MAX_BYTES + 1;
        let found = findings(&package);
        assert!(found.len() == 2 && found[0].contains("tests/large.json") && found[1].contains("bytes"), "{found:?}");
    }

    #[test]
    fn missing_metadata_is_found() {
        let mut package = shaders();
        package.manifest = serde_json::json!({ "keywords": ["1", "2", "3", "4", "5", "6"] });
        let found = findings(&package);
        assert_eq!(found.len(), 5, "{found:?}");
    }
}
