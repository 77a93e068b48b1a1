//! `clippy`: no warning from the compiler or clippy, in any target; also in the command line as people install it, without features.

use crate::step::{self, StepResult, cargo, workspace};

/// Fails on a warning.
pub fn run() -> StepResult {
    step::run(&mut workspace("clippy", &["--all-targets", "--", "-D", "warnings"]))?;
    step::run(&mut cargo(&["clippy", "--package", "imagine_cli", "--", "-D", "warnings"]))
}
