//! `clippy`: no lint of the workspace's set fires, in any target.

use crate::step::{self, StepResult, cargo};

/// Fails at a warning of the compiler or of clippy.
pub fn run() -> StepResult {
    step::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}
