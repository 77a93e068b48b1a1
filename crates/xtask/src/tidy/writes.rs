//! Files are written by `imagine_graph::file::replace` and its kin alone, so that none is ever half written; and the command line prints
//! through its `output` module, because `println!` panics where stdout takes nothing.

use std::path::Path;

/// What writes files another way.
const WRITES: [&str; 6] =
    ["fs::write(", "fs::copy(", "File::create", ".save(path", ".save_with_format(", "SVGBackend::new("];
/// What panics where stdout or stderr takes nothing.
const PRINTS: [&str; 2] = ["println!(", "print!("];

/// Files that may write, with the reason.
const WRITERS: [(&str, &str); 2] = [
    ("crates/imagine_graph/src/file/whole.rs", "it is the one place"),
    ("crates/imagine_wgpu/src/compose.rs", "it dumps shaders for debugging"),
];

/// Checks the file at `path`, relative to the root. Tests, examples and this package are free.
pub fn check(path: &Path, text: &str, findings: &mut Vec<String>) {
    let name = path.to_string_lossy().replace('\\', "/");
    let Some((package, inner)) = name.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/")) else { return };
    let is_test = inner.split(['/', '.']).any(|part| ["tests", "testing"].contains(&part));
    if package == "xtask" || is_test || !inner.ends_with(".rs") {
        return;
    }
    let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let may_write = WRITERS.iter().any(|(writer, _)| *writer == name);
    for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        let number = number + 1;
        if let Some(call) = WRITES.iter().find(|call| !may_write && line.contains(*call)) {
            findings.push(format!("{name}:{number}: {call:?} may leave half a file: use imagine_graph::file::replace"));
        }
        if let Some(call) = PRINTS.iter().find(|call| package == "imagine_cli" && line.contains(*call)) {
            findings.push(format!("{name}:{number}: {call:?} panics where nothing can be written: use crate::output"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings_of;

    fn findings(path: &str, text: &str) -> Vec<String> {
        findings_of(check, path, text)
    }

    #[test]
    fn files_are_written_in_one_place() {
        let write = "//! A.\nfn a() {\n    std::fs::write(path, bytes)\n}\n";
        let found = findings("crates/a/src/b.rs", write);
        assert_eq!(
            found,
            ["crates/a/src/b.rs:3: \"fs::write(\" may leave half a file: use imagine_graph::file::replace"]
        );
        let tests = format!("//! A.\n\n#[cfg(test)]\nmod tests {{\n{write}}}\n");
        for (path, text) in [
            ("crates/a/src/b.rs", tests.as_str()),
            ("crates/a/src/b/tests.rs", write),
            ("crates/a/tests/it/b.rs", write),
            ("crates/xtask/src/b.rs", write),
            ("crates/imagine_graph/src/file/whole.rs", write),
            ("crates/a/src/b.rs", "//! A.\n// Not fs::write(..): it is not atomic.\n"),
        ] {
            assert_eq!(findings(path, text), [""; 0], "{path}");
        }
    }

    #[test]
    fn the_command_line_prints_without_panics() {
        let print = "//! A.\nfn a() {\n    eprintln!(\"a\");\n}\n";
        assert_eq!(findings("crates/imagine_cli/src/a.rs", print).len(), 1);
        assert_eq!(findings("crates/imagine_wgpu/src/a.rs", print), [""; 0]);
    }
}
