//! Runs the `imagine` command in a folder.

use std::path::Path;
use std::process::{Command, Output};

fn imagine(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_imagine")).args(arguments).current_dir(folder).output().unwrap()
}

/// Runs what must succeed; what it prints.
pub fn good(folder: &Path, arguments: &[&str]) -> String {
    let output = imagine(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs what must fail; its message.
pub fn bad(folder: &Path, arguments: &[&str]) -> String {
    let output = imagine(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}
