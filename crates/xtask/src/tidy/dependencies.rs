//! Every declared dependency is used: a source of its package names it, or a reason is stated here.
//!
//! Sources are read token by token, so macros and attributes count and comments do not.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;

use super::read_below;
use crate::step::{list, members, text};

/// Dependencies that no source of the package names: package, dependency, reason.
const UNNAMED: [(&str, &str, &str); 1] =
    [("imagine_graph", "arbitrary", "its tests include the fuzz targets by their path")];

/// Finds unused dependencies of packages and of the workspace.
pub fn check(root: &Path, metadata: &Value, findings: &mut Vec<String>) -> anyhow::Result<()> {
    let mut declared = BTreeSet::new();
    for package in members(metadata) {
        let manifest = text(&package["manifest_path"]);
        let folder = Path::new(&manifest).parent().unwrap_or(root);
        let named = |parts: &[&str]| names_below(folder, parts);
        let (library, build) = (named(&["src"])?, named(&["build.rs"])?);
        let tests = named(&["src", "tests", "examples", "benches"])?;
        for dependency in list(&package["dependencies"]) {
            let name = text(&dependency["name"]);
            let key = dependency["rename"].as_str().map_or(name, String::from);
            let used_in = match dependency["kind"].as_str() {
                None => &library,
                Some("build") => &build,
                Some(_) => &tests,
            };
            let package = text(&package["name"]);
            let excused = UNNAMED.iter().any(|(owner, known, _)| *owner == package && *known == key);
            if !used_in.contains(&key.replace('-', "_")) && !excused {
                findings.push(unused(&package, &key, dependency["kind"].as_str()));
            }
            declared.insert(key);
        }
    }
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let unused = workspace_dependencies(&manifest).filter(|name| !declared.contains(*name));
    findings.extend(unused.map(|name| format!("Cargo.toml: no package uses the workspace dependency {name}")));
    Ok(())
}

fn unused(package: &str, dependency: &str, kind: Option<&str>) -> String {
    let (table, place) = match kind {
        None => ("dependencies", "below src"),
        Some("build") => ("build-dependencies", "in build.rs"),
        Some(_) => ("dev-dependencies", "in its sources"),
    };
    format!("package {package}: nothing {place} uses {dependency} of its [{table}]")
}

/// Keys of `[workspace.dependencies]`; each begins a line.
fn workspace_dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let names = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name).filter(|name| name.starts_with(|first: char| first.is_ascii_alphanumeric()))
}

/// First segments of all paths in the Rust files at and below `parts` of `folder`.
fn names_below(folder: &Path, parts: &[&str]) -> anyhow::Result<BTreeSet<String>> {
    let mut texts = Vec::new();
    for path in parts.iter().map(|part| folder.join(part)) {
        if path.is_dir() {
            read_below(folder, &path, &mut texts)?;
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            texts.push((path.display().to_string(), text));
        }
    }
    let mut names = BTreeSet::new();
    for (name, text) in texts {
        let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("cannot parse {name}: {error}"))?;
        first_segments(tokens, &mut names);
    }
    Ok(names)
}

/// Adds `a` of every `a::b` and `use a`.
fn first_segments(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    let is_word = |at: usize, words: &[&str]| matches!(tokens.get(at), Some(TokenTree::Ident(word)) if words.iter().any(|w| word == w));
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => first_segments(group.stream(), names),
            TokenTree::Ident(word) => {
                let before = at.wrapping_sub(1);
                let continues =
                    at >= 3 && is_colon(before) && is_colon(at - 2) && !matches!(tokens[at - 3], TokenTree::Punct(_));
                let begins = (is_colon(at + 1) && is_colon(at + 2)) || is_word(before, &["use", "crate"]);
                if begins && !continues {
                    names.insert(word.to_string());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        let mut names = BTreeSet::new();
        first_segments(source.parse().unwrap(), &mut names);
        names.into_iter().collect()
    }

    #[test]
    fn the_first_segment_of_a_path_counts() {
        assert_eq!(names("use a::{b, c::D}; fn f(x: e::F) { ::g::h(); i!(j::k); }"), ["a", "c", "e", "g", "j"]);
        assert_eq!(names("use a; extern crate b; #[derive(c::D)] struct E;"), ["a", "b", "c"]);
        assert_eq!(names("// a::b\n/// c::d\nfn f() { crate::e::f(\"g::h\") }"), ["crate"]);
    }

    #[test]
    fn workspace_dependencies_are_read() {
        let manifest = "[workspace]\nx = 1\n[workspace.dependencies]\n# c = d\na = \"1\"\nb-c = { features = [\n    \"d\",\n] }\n\n[e]\nf = 1\n";
        assert_eq!(workspace_dependencies(manifest).collect::<Vec<_>>(), ["a", "b-c"]);
    }

    #[test]
    fn a_finding_names_the_table() {
        assert!(unused("p", "d", Some("dev")).contains("[dev-dependencies]"));
        assert!(unused("p", "d", None).contains("below src uses d of its [dependencies]"));
    }
}
