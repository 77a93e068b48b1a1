//! `clippy`: no warning from the compiler or clippy, in any target.

use crate::step::{self, StepResult, cargo};

/// Fails on a warning.
pub fn run() -> StepResult {
    step::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}
