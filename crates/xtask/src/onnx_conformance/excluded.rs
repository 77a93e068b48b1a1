//! Tests that do not count although a graph could express them, each with one of four reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};

use super::Test;

/// The list: one name and reason per line.
const FILE: &str = "tests/onnx/excluded.txt";

/// What graphs lack by design.
const REASONS: [&str; 4] = ["sequence", "optional", "string", "training"];

/// Reads the list.
pub fn read(root: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))
}

/// Names on the list. Each must be a test that would count and does not pass.
pub fn check(list: &str, tests: &[Test]) -> anyhow::Result<BTreeSet<String>> {
    let by_name: BTreeMap<&str, &Test> = tests.iter().map(|test| (test.name.as_str(), test)).collect();
    let mut names = BTreeSet::new();
    let mut faults = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, reason) = line.split_once(' ').unwrap_or((line, ""));
        let fault = match by_name.get(name) {
            _ if !REASONS.contains(&reason.trim()) => {
                Some(format!("has reason {reason:?}, expected one of {REASONS:?}"))
            }
            None => Some("is not in the package".into()),
            Some(test) if test.passed => Some("passes: remove it from the list".into()),
            Some(test) if !test.declared => Some("does not count anyway: remove it from the list".into()),
            Some(_) if !names.insert(name.to_string()) => Some("is listed twice".into()),
            Some(_) => None,
        };
        faults.extend(fault.map(|fault| format!("{FILE}: {name} {fault}")));
    }
    if faults.is_empty() { Ok(names) } else { bail!("{}", faults.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, passed: bool, declared: bool) -> Test {
        Test { name: name.into(), passed, declared, ..Test::default() }
    }

    #[test]
    fn superfluous_entries_are_found() {
        let tests = [test("a", false, true), test("b", true, true), test("c", false, false)];
        let check = |list: &str| check(list, &tests).map_err(|error| error.to_string());
        assert_eq!(check("# why\n\na training\n").unwrap(), ["a".to_string()].into());
        for (list, part) in [
            ("a", "reason"),
            ("a too hard", "reason"),
            ("b training", "passes"),
            ("c string", "does not count"),
            ("d sequence", "not in the package"),
            ("a training\na training", "twice"),
        ] {
            let error = check(list).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(check("b training\nd string").unwrap_err().lines().count(), 2);
    }
}
