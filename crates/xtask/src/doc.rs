//! `doc`: documentation builds without warnings: no broken link, nothing public undocumented.

use crate::step::{self, StepResult, cargo};

/// Fails on a rustdoc warning.
pub fn run() -> StepResult {
    step::run(cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}
