//! `deny`: licences, advisories and sources of all dependencies, if `cargo-deny` is installed. Rules are in `deny.toml`.

use crate::step::{self, Outcome, StepResult, cargo, works};

/// Fails on a dependency that `deny.toml` forbids.
pub fn run() -> StepResult {
    if !works("cargo-deny", &["--version"]) {
        return Ok(Outcome::Skipped("cargo-deny is not installed: cargo install cargo-deny".into()));
    }
    step::run(&mut cargo(&["deny", "--all-features", "check"]))
}
