//! `fmt`: every source is formatted as `rustfmt.toml` says.

use crate::step::{self, StepResult, cargo};

/// Fails at a source that is not formatted.
pub fn run() -> StepResult {
    step::run(&mut cargo(&["fmt", "--all", "--check"]))
}
