//! Every Rust file belongs to a crate: a module without its `mod` line is compiled by nobody, and its tests never run.

use std::collections::BTreeMap;
use std::path::Path;

/// Adds every Rust file among `texts` that no parent module declares and no other file names by its path.
pub fn check(texts: &BTreeMap<String, String>, findings: &mut Vec<String>) {
    for name in texts.keys().filter(|name| name.ends_with(".rs") && !is_root(name)) {
        let (folder, module) = module_of(name);
        let parents = ["mod.rs", "lib.rs", "main.rs"].map(|file| format!("{folder}/{file}"));
        let declared = parents
            .iter()
            .chain([&format!("{folder}.rs")])
            .any(|parent| texts.get(parent).is_some_and(|text| declares(text, module)));
        let file = name.rsplit('/').next().unwrap_or(name);
        let by_path = || texts.iter().any(|(other, text)| other != name && text.contains(&format!("{file}\"")));
        if !declared && !by_path() {
            findings.push(format!("{name}: no `mod {module};` anywhere: nobody compiles this file"));
        }
    }
}

/// Whether cargo finds the file by itself: the root of a crate, a test, an example, a fuzz target.
fn is_root(name: &str) -> bool {
    let mut parts = name.rsplit('/');
    let (file, folder) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    ["lib.rs", "main.rs", "build.rs"].contains(&file) || ["tests", "examples", "fuzz_targets"].contains(&folder)
}

/// The folder of the parent module, and the module's name.
fn module_of(name: &str) -> (&str, &str) {
    let path = name.strip_suffix("/mod.rs").or(name.strip_suffix(".rs")).unwrap_or(name);
    path.rsplit_once('/').unwrap_or((".", path))
}

fn declares(text: &str, module: &str) -> bool {
    let declaration = format!("mod {module};");
    text.lines().any(|line| {
        line.trim_end().strip_suffix(&declaration).is_some_and(|before| before.is_empty() || before.ends_with(' '))
    })
}

/// The texts that the check reads, by name relative to the root.
pub fn note(path: &Path, text: &str, texts: &mut BTreeMap<String, String>) {
    if path.extension().is_some_and(|extension| extension == "rs") {
        texts.insert(path.to_string_lossy().replace('\\', "/"), text.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let texts = files.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let mut findings = Vec::new();
        check(&texts, &mut findings);
        findings
    }

    #[test]
    fn a_file_without_its_mod_line_is_found() {
        let files =
            [("c/src/lib.rs", "mod a;\npub(crate) mod b;"), ("c/src/a.rs", "mod inner;"), ("c/src/b/mod.rs", "")];
        assert_eq!(found(&files), [""; 0]);
        let inner = ("c/src/a/inner.rs", "");
        let lost = ("c/src/lost.rs", "");
        let expected = "c/src/lost.rs: no `mod lost;` anywhere: nobody compiles this file";
        assert_eq!(found(&[&files[..], &[inner, lost]].concat()), [expected]);
    }

    #[test]
    fn roots_and_files_named_by_their_path_belong_to_somebody() {
        let test = ("c/tests/it/main.rs", "#[path = \"../../shared.rs\"]\nmod shared;");
        assert_eq!(found(&[test, ("shared.rs", ""), ("c/tests/memory.rs", ""), ("c/build.rs", "")]), [""; 0]);
    }
}
