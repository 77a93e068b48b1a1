//! `suite`: all tests, including doc tests and shader validation. Fails on a machine without a GPU adapter.

use crate::step::{self, StepResult, workspace};

/// Environment of every test: without an adapter, tests fail instead of skipping.
pub const REQUIRE_GPU: (&str, &str) = ("IMAGINE_REQUIRE_GPU", "1");

/// Runs every test of the workspace; continues after a failure.
pub fn run() -> StepResult {
    let (name, value) = REQUIRE_GPU;
    step::run(workspace("test", &["--no-fail-fast"]).env(name, value))
}
