//! Builds `third_party/onnx`: the smallest passing tests of every operator, so that `cargo test` needs no network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::Test;
use super::package::Package;

const FOLDER: &str = "third_party/onnx";

/// Tests per operator, if there are enough.
const PER_OPERATOR: usize = 2;

/// Limit on the size of all tests together.
const MAX_BYTES: u64 = 1_500_000;

/// Replaces the tests and the licence in the folder.
pub fn make(root: &Path, package: &Package, tests: &[Test]) -> anyhow::Result<()> {
    let from = package.node_tests();
    let mut sizes = BTreeMap::new();
    for test in tests.iter().filter(|test| test.passed && test.declared) {
        let bytes =
            files(&from.join(&test.name))?.iter().map(|file| file.metadata().map_or(0, |data| data.len())).sum();
        sizes.insert(test.name.as_str(), bytes);
    }
    let chosen = choose(tests, &sizes);
    let total: u64 = chosen.iter().map(|name| sizes[name]).sum();
    ensure!(
        total <= MAX_BYTES,
        "the {} smallest tests have {total} bytes, at most {MAX_BYTES} are allowed",
        chosen.len()
    );
    let to = root.join(FOLDER);
    let _ = std::fs::remove_dir_all(to.join("node"));
    for name in &chosen {
        for file in files(&from.join(name))? {
            copy(&file, &to.join("node").join(file.strip_prefix(&from)?))?;
        }
    }
    ensure!(!package.licences.is_empty(), "the package has no licence file");
    for licence in &package.licences {
        copy(licence, &to.join(licence.file_name().context("a licence file has a name")?))?;
    }
    println!("{} tests, {total} bytes in {FOLDER}", chosen.len());
    Ok(())
}

/// The smallest tests of each operator, among those in `sizes`.
fn choose<'a>(tests: &'a [Test], sizes: &BTreeMap<&'a str, u64>) -> BTreeSet<&'a str> {
    let mut by_operator: BTreeMap<&str, Vec<(u64, &str)>> = BTreeMap::new();
    for test in tests {
        let Some(&bytes) = sizes.get(test.name.as_str()) else { continue };
        for operator in &test.operators {
            by_operator.entry(operator).or_default().push((bytes, &test.name));
        }
    }
    let smallest = by_operator.into_values().flat_map(|mut found| {
        found.sort_unstable();
        found.into_iter().take(PER_OPERATOR).map(|(_, name)| name)
    });
    smallest.collect()
}

/// All files below `folder`, in order.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        match path.is_dir() {
            true => files.extend(self::files(&path)?),
            false => files.push(path),
        }
    }
    files.sort();
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let folder = to.parent().context("a file has a folder")?;
    std::fs::create_dir_all(folder)?;
    std::fs::copy(from, to).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_has_its_smallest_tests() {
        let test = |name: &str, operators: &[&str]| Test {
            name: name.into(),
            operators: operators.iter().map(|operator| operator.to_string()).collect(),
            ..Test::default()
        };
        let tests = [
            test("large", &["Abs", "Neg"]),
            test("small", &["Abs"]),
            test("smaller", &["Abs"]),
            test("smallest", &["Abs"]),
            test("refused", &["Sin"]),
        ];
        let sizes = BTreeMap::from([("large", 9), ("small", 3), ("smaller", 2), ("smallest", 1)]);
        assert_eq!(choose(&tests, &sizes), BTreeSet::from(["large", "smaller", "smallest"]));
    }
}
