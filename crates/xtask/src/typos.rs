//! `typos`: no common misspelling, if `typos` is installed. Exceptions stand in `_typos.toml`.

use std::process::Command;

use crate::step::{self, Outcome, StepResult, root, works};

/// Fails at a misspelling.
pub fn run() -> StepResult {
    if !works("typos", &["--version"]) {
        return Ok(Outcome::Skipped("typos is not installed: cargo install typos-cli".into()));
    }
    step::run(Command::new("typos").current_dir(root()))
}
