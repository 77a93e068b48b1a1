//! `suite`: all tests, doc tests and shader validation among them; a machine without an adapter fails.

use crate::step::{self, StepResult, cargo};

/// Set for every test: a test that finds no adapter fails instead of skipping itself.
pub const REQUIRE_GPU: (&str, &str) = ("IMAGINE_REQUIRE_GPU", "1");

/// Runs every test of the workspace, to the end even if one fails.
pub fn run() -> StepResult {
    let (name, value) = REQUIRE_GPU;
    step::run(cargo(&["test", "--workspace", "--no-fail-fast"]).env(name, value))
}
