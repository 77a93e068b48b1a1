//! Shared by all steps: the workspace's root, running programs, results.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// Result of a step that did not fail.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Impossible on this machine, with the reason.
    Skipped(String),
}

/// Result of a step.
pub type StepResult = anyhow::Result<Outcome>;

/// A step of `test`.
pub type Step = fn() -> StepResult;

/// The workspace's root folder.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(manifest).join("../..").canonicalize().expect("xtask is two folders below the root")
}

/// The cargo that started us, in the workspace's root.
///
/// Never set RUSTFLAGS: another value would rebuild all dependencies.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    if !has_display() {
        // Mesa's device selection layer would print an error for every program that opens a Vulkan device.
        command.env("NODEVICE_SELECT", "1");
    }
    command
}

/// A command for the whole workspace with all that is tested in it.
///
/// `build`, `test`, `clippy` and `doc` name the same features, so that they share one build of Bevy and burn.
pub fn workspace(command: &str, arguments: &[&str]) -> Command {
    let mut command = cargo(&[command, "--workspace", "--features", "imagine_cli/wgpu-backend"]);
    command.args(arguments);
    command
}

/// Whether a window can be opened.
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The output of `cargo metadata`.
pub fn metadata(arguments: &[&str]) -> anyhow::Result<Value> {
    let output = cargo(&["metadata", "--format-version", "1"]).args(arguments).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata wrote no JSON")
}

/// Packages of the workspace in the output of `cargo metadata`.
pub fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let members = list(&metadata["workspace_members"]);
    list(&metadata["packages"]).iter().filter(move |package| members.contains(&package["id"]))
}

/// The elements of a JSON array; none if it is something else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A JSON string; empty if it is something else.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

/// Cargo's target folder for the workspace at `root`.
pub fn target_folder(root: &Path) -> anyhow::Result<PathBuf> {
    let manifest = root.join("Cargo.toml");
    let metadata = metadata(&["--no-deps", "--manifest-path", &manifest.to_string_lossy()])?;
    Ok(PathBuf::from(text(&metadata["target_directory"])))
}

/// How long `what` takes to build for the first time, given the minutes on one core.
pub fn first_build(what: &str, core_minutes: u64, target: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let minutes = core_minutes.div_ceil(cores).max(2);
    let target = target.display();
    format!("{what} is built for the first time, into {target}: about {minutes} minutes on {cores} cores.")
}

/// All files with `extension` below `folder`, sorted.
pub fn files_below(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// `path` relative to `folder`, with `/` on every system.
pub fn relative(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Prints and runs a command; fails if it fails.
pub fn run(command: &mut Command) -> StepResult {
    let shown = show(command);
    println!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(Outcome::Done)
}

/// Whether `program arguments` starts and succeeds.
pub fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn show(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
