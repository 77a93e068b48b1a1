//! Checks on single files: header comment, length of file and functions, owners of TO-DO notes, no machine-specific paths.

use std::path::Path;

/// Extensions of the files to check.
pub const EXTENSIONS: [&str; 7] = ["rs", "wgsl", "md", "toml", "json", "yml", "py"];

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 60;

/// Functions that may be longer, as `file: function`, with the reason.
const LONG_FUNCTIONS: [(&str, &str); 6] = [
    ("crates/imagine_burn/src/ops/mod.rs: run", "a table with one line per operator"),
    ("crates/imagine_cpu/src/elementwise/lanes.rs: apply_any", "a table with one line per function"),
    ("crates/imagine_cpu/src/ops/elementwise.rs: build", "a table with one line per operator"),
    ("crates/imagine_cpu/src/ops/mod.rs: run", "a table with one line per operator"),
    ("crates/imagine_cpu/tests/it/oracle.rs: outputs", "a table with one entry per operator"),
    ("crates/imagine_wgpu/src/ops/mod.rs: lower", "a table with one line per operator"),
];

/// Beginnings of paths of one machine. Written in two parts so that this file passes.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

/// Markers of unfinished work.
const OPEN_ENDS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Checks the file at `path`, relative to the root.
pub fn check(path: &Path, text: &str, findings: &mut Vec<String>) {
    let name = path.to_string_lossy().replace('\\', "/");
    let mut find = |line: usize, what: String| findings.push(format!("{name}:{line}: {what}"));
    check_words(text, &mut find);
    match path.extension().and_then(|e| e.to_str()) {
        Some("rs") => {
            if !text.starts_with("//!") {
                find(1, "does not begin with `//!`: say what the file owns".into());
            }
            check_length(text, &mut find);
            check_functions(&name, text, &mut find);
        }
        Some("wgsl") => {
            if !text.starts_with("//") {
                find(1, "does not begin with a `//` comment: say what the shader computes".into());
            }
            check_length(text, &mut find);
        }
        _ => {}
    }
}

fn check_words(text: &str, find: &mut impl FnMut(usize, String)) {
    for (number, line) in text.lines().enumerate() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(*path)) {
            find(number + 1, format!("{path:?} is a path on one machine"));
        }
        for word in OPEN_ENDS {
            let Some((before, after)) = line.split_once(word) else { continue };
            let whole = !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
            if whole && !after.starts_with('(') {
                find(number + 1, format!("{word} without an owner: write {word}(name)"));
            }
        }
    }
}

fn check_length(text: &str, find: &mut impl FnMut(usize, String)) {
    let lines = text.lines().count();
    if lines > MAX_FILE_LINES {
        find(lines, format!("{lines} lines, at most {MAX_FILE_LINES}: split the file"));
    }
}

/// Sources are formatted: a function ends at the first closing brace with the same indentation.
fn check_functions(name: &str, text: &str, find: &mut impl FnMut(usize, String)) {
    let lines: Vec<&str> = text.lines().collect();
    for (start, line) in lines.iter().enumerate() {
        let Some(function) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let is_end = |line: &&str| line.strip_prefix(indent).is_some_and(|rest| rest.starts_with('}'));
        if line.ends_with([';', '}']) {
            continue;
        }
        let length = lines[start..].iter().position(is_end).map_or(0, |end| end + 1);
        let excused = LONG_FUNCTIONS.iter().any(|(known, _)| *known == format!("{name}: {function}"));
        if length > MAX_FUNCTION_LINES && !excused {
            find(
                start + 1,
                format!("{function}: {length} lines, at most {MAX_FUNCTION_LINES}: split it or say why in tidy"),
            );
        }
    }
}

fn function_name(line: &str) -> Option<&str> {
    let mut words = line.trim_start().split(' ');
    loop {
        match words.next()? {
            "fn" => break,
            "const" | "async" | "unsafe" | "extern" | "pub" | "\"C\"" => {}
            word if word.starts_with("pub(") => {}
            _ => return None,
        }
    }
    words.next()?.split(['(', '<']).next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings_of;

    fn findings(path: &str, text: &str) -> Vec<String> {
        findings_of(check, path, text)
    }

    #[test]
    fn a_file_begins_with_a_comment() {
        assert_eq!(findings("a.rs", "//! Owns a.\n"), [""; 0]);
        assert!(findings("a.rs", "fn main() {}\n")[0].starts_with("a.rs:1: does not begin with `//!`"));
        assert!(findings("a.wgsl", "@compute\n")[0].contains("comment"));
        assert_eq!(findings("a.wgsl", "// Adds.\n"), [""; 0]);
    }

    #[test]
    fn unfinished_work_has_an_owner() {
        let word = OPEN_ENDS[0];
        assert_eq!(
            findings("a.md", &format!("x\n{word}: y")),
            [format!("a.md:2: {word} without an owner: write {word}(name)")]
        );
        assert_eq!(findings("a.md", &format!("{word}(lea): y, MY{word}S")), [""; 0]);
    }

    #[test]
    fn machine_specific_paths_are_found() {
        assert_eq!(findings("a.toml", &format!("x = \"{}x\"", MACHINE_PATHS[0])).len(), 1);
        assert_eq!(findings("a.toml", "x = \"assets/home\""), [""; 0]);
    }

    #[test]
    fn long_files_and_functions_are_found() {
        let body = "    let x = 1;\n".repeat(60);
        let long = format!("//! A.\n\npub(crate) fn long(a: u32) {{\n{body}}}\n\nfn short() {{\n}}\n");
        assert_eq!(findings("a.rs", &long), ["a.rs:3: long: 62 lines, at most 60: split it or say why in tidy"]);
        let nested = format!("//! A.\nimpl B {{\n    async fn long<T>(\n        a: T,\n    ) {{\n{body}    }}\n}}\n");
        assert_eq!(findings("a.rs", &nested).len(), 1);
        assert_eq!(findings("a.rs", &format!("//! A.\n{}", "// b\n".repeat(500))).len(), 1);
        let traits = format!("//! A.\ntrait B {{\n    fn c(&self);\n{}}}\n", "    // d\n".repeat(70));
        assert_eq!(findings("a.rs", &traits), [""; 0]);
    }
}
