//! What the command prints: results on stdout, notes and errors on stderr.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anyhow::Context;
use serde_json::Value;

/// Prints a result as JSON or as text. A closed pipe, as after `| head`, is no error.
pub fn print(as_json: bool, json: &Value, text: &str) -> anyhow::Result<()> {
    match as_json {
        true => write_line(io::stdout(), format_args!("{json:#}")),
        false => write_line(io::stdout(), text.trim_end()),
    }
    .context("the result cannot be written to stdout")
}

/// Prints a line of progress on stdout, if stdout takes it: hours of work do not end for it.
#[cfg(feature = "train")]
pub fn say(line: &str) {
    let _ = write_line(io::stdout(), line);
}

/// Prints a line on stderr, if stderr takes it. `eprintln!` would panic.
pub fn note(line: impl Display) {
    let _ = write_line(io::stderr(), line);
}

fn write_line(mut to: impl Write, line: impl Display) -> io::Result<()> {
    match writeln!(to, "{line}").and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A number of bytes in words.
pub fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) => {
            let number = format!("{:.1}", count as f64 / unit as f64);
            format!("{} {name}", number.strip_suffix(".0").unwrap_or(&number))
        }
        None => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_unit() {
        let found = [0, 1023, 1024, 1536, 128 << 20, 5 << 30].map(bytes);
        assert_eq!(found, ["0 bytes", "1023 bytes", "1 KiB", "1.5 KiB", "128 MiB", "5 GiB"]);
    }
}
