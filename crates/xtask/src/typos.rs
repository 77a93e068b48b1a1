//! `typos`: no common misspellings, if `typos` is installed. Exceptions are in `_typos.toml`.

use std::process::Command;

use crate::step::{self, Outcome, StepResult, root, works};

/// Fails on a misspelling.
pub fn run() -> StepResult {
    if !works("typos", &["--version"]) {
        return Ok(Outcome::Skipped("typos is not installed: cargo install typos-cli".into()));
    }
    step::run(Command::new("typos").current_dir(root()))
}
