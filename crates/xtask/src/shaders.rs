//! `shaders`: every WGSL file in every variant is valid. Needs no GPU; `suite` runs it too.

use crate::step::{self, StepResult, cargo};

/// Composes and validates all shaders.
pub fn run() -> StepResult {
    step::run(&mut cargo(&["test", "--workspace", "--test", "shaders"]))
}
