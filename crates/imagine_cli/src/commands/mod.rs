//! The commands, one file each, and how they print results.

#[cfg(feature = "wgpu-backend")]
pub mod bench;
pub mod compare;
pub mod evaluate;
pub mod generate;
pub mod generators;
pub mod import;
pub mod inspect;
pub mod onnx_test;
pub mod pack;
pub mod train_materials;
pub mod train_sprites;
pub mod train_texture;
mod training;

use std::io::{self, Write};

use serde_json::Value;

/// Prints a result as JSON or as text.
fn print(as_json: bool, json: &Value, text: &str) {
    match as_json {
        true => say(&format!("{json:#}")),
        false => say(text.trim_end()),
    }
}

/// Writes a line to stdout. A closed pipe, as after `| head`, is no error.
fn say(line: &str) {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => eprintln!("cannot write to stdout: {error}"),
        _ => {}
    }
}
