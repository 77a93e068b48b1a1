//! `doc`: documentation builds without warnings: no broken link, nothing public undocumented.

use crate::step::{self, StepResult, workspace};

/// Fails on a rustdoc warning.
pub fn run() -> StepResult {
    step::run(workspace("doc", &["--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}
