//! What the steps share: where the workspace is, how a program is run, how a step ends.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// How a step ended that did not fail.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// It did its work.
    Done,
    /// It could not work here, and why.
    Skipped(String),
}

/// The result of a step.
pub type StepResult = anyhow::Result<Outcome>;

/// A part of `test`.
pub type Step = fn() -> StepResult;

/// The workspace's root folder.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(manifest).join("../..").canonicalize().expect("xtask lies two folders below the root")
}

/// The cargo that runs us, in the workspace's root.
///
/// RUSTFLAGS stay what they are in every step: another value would rebuild all dependencies.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Prints a command, runs it and fails if it fails.
pub fn run(command: &mut Command) -> StepResult {
    let shown = show(command);
    println!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(Outcome::Done)
}

/// Whether `program arguments` can be started and succeeds.
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
