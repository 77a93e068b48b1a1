//! `tidy`: conventions that the compiler cannot check, one file per check.
//!
//! All findings are reported. Most checks are functions on text, so that they can be tested.

mod copies;
mod dependencies;
mod import_cycles;
mod layers;
mod links;
mod operators;
mod orphans;
mod sources;
mod writes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::step::{self, Outcome, StepResult, metadata, root};

/// Folders to check.
const FOLDERS: [&str; 6] = ["crates", "shaders", "examples", "tests", "fuzz", "docs"];

/// Fails if a check finds something.
pub fn run() -> StepResult {
    let root = root();
    let mut findings = Vec::new();
    let mut files = 0;
    let mut rust = BTreeMap::new();
    let snippets = std::fs::read_to_string(root.join(links::SNIPPETS)).unwrap_or_default();
    for path in files_below(&root)? {
        let text =
            std::fs::read_to_string(root.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
        sources::check(&path, &text, &mut findings);
        writes::check(&path, &text, &mut findings);
        orphans::note(&path, &text, &mut rust);
        if path.extension().is_some_and(|extension| extension == "md") {
            links::check(&path, &text, &root.as_path(), &mut findings);
            links::check_compiled(&path, &text, &snippets, &mut findings);
        }
        files += 1;
    }
    let table = "crates/imagine_graph/src/ops/mod.rs";
    let table = std::fs::read_to_string(root.join(table)).with_context(|| format!("cannot read {table}"))?;
    let read = |path: &Path| std::fs::read_to_string(root.join(path)).ok();
    let operators = operators::parse(&table);
    operators::check(&operators, &read, &mut findings);
    let metadata = metadata(&[])?;
    dependencies::check(&root, &metadata, &mut findings)?;
    let packages = layers::packages(&metadata)?;
    layers::check(&packages, &mut findings);
    layers::check_described(&packages, &read(Path::new("ARCHITECTURE.md")).unwrap_or_default(), &mut findings);
    for package in import_cycles::PACKAGES {
        import_cycles::check(&root, package, &mut findings)?;
    }
    orphans::check(&rust, &mut findings);
    copies::check(&|path| std::fs::read(root.join(path)).ok(), &mut findings);

    findings.iter().for_each(|finding| println!("{finding}"));
    if !findings.is_empty() {
        bail!("{} tidy findings", findings.len());
    }
    println!("{files} files, {} operators, {} packages: tidy", operators.len(), packages.len());
    Ok(Outcome::Done)
}

/// Text files below `FOLDERS` and in the root, relative to the root, sorted.
fn files_below(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).filter(|f| f.is_dir()).collect();
    let mut keep = |path: &Path| {
        let kept = path.extension().is_some_and(|e| sources::EXTENSIONS.iter().any(|kind| e == *kind));
        if kept {
            files.push(path.strip_prefix(root).unwrap_or(path).to_path_buf());
        }
    };
    for entry in root.read_dir()? {
        let path = entry?.path();
        if path.is_file() {
            keep(&path);
        }
    }
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir()? {
            let path = entry?.path();
            let skipped =
                ["target", "corpus", "artifacts"].iter().any(|name| path.file_name().is_some_and(|f| f == *name));
            match path.is_dir() {
                true if skipped => {}
                true => folders.push(path),
                false => keep(&path),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Adds every Rust file below `folder`: its path relative to `root`, and its text.
fn read_below(root: &Path, folder: &Path, texts: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    for path in step::files_below(folder, "rs")? {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        texts.push((step::relative(root, &path), text));
    }
    Ok(())
}

/// What a check of single files finds in `text`.
#[cfg(test)]
fn findings_of(check: impl Fn(&Path, &str, &mut Vec<String>), path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    check(Path::new(path), text, &mut findings);
    findings
}
