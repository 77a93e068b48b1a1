//! `shaders`: every WGSL file is valid in every variant. Needs no GPU; also part of `suite`.

use crate::step::{self, StepResult, cargo};

/// Composes and validates all shaders.
pub fn run() -> StepResult {
    step::run(&mut cargo(&["test", "--package", "imagine_tests", "--test", "it", "shaders::"]))
}
