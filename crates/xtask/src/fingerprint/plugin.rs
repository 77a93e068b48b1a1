//! The states that requests pass through in the plugin, in order, and the pictures that they show at the end.

use std::path::Path;

use anyhow::bail;

use super::{Entries, add_pictures};
use crate::step::{self, StepResult};

/// The example that is added to the checkout.
const PROBE: &str = include_str!("probe.rs");

/// Runs `build` while the probe is an example of `checkout`.
pub fn with_probe(checkout: &Path, build: impl FnOnce() -> StepResult) -> StepResult {
    let place = checkout.join("examples/examples/fingerprint_probe.rs");
    std::fs::write(&place, PROBE)?;
    let built = build();
    std::fs::remove_file(&place)?;
    built
}

/// Records the lines that the probe prints and the pictures that it writes.
pub fn record(checkout: &Path, entries: &mut Entries) -> anyhow::Result<()> {
    let probe = step::target_folder(checkout)?.join("debug/examples/fingerprint_probe");
    let folder = tempfile::tempdir()?;
    let output = std::process::Command::new(probe).arg(folder.path()).current_dir(checkout).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("the probe failed: {}\n{said}", String::from_utf8_lossy(&output.stderr));
    }
    for line in said.lines().filter_map(|line| line.strip_prefix("probe: ")) {
        let (name, life) = line.split_once(": ").unwrap_or((line, ""));
        entries.insert(format!("plugin life of {name}"), life.into());
    }
    add_pictures(folder.path(), "plugin picture", entries)
}
