//! `fmt`: all sources are formatted according to `rustfmt.toml`.

use crate::step::{self, StepResult, cargo};

/// Fails if a source is not formatted.
pub fn run() -> StepResult {
    step::run(&mut cargo(&["fmt", "--all", "--check"]))
}
