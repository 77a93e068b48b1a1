//! `doc`: the documentation builds without a warning: no dead link, nothing public undocumented.

use crate::step::{self, StepResult, cargo};

/// Fails at a warning of rustdoc.
pub fn run() -> StepResult {
    step::run(cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}
