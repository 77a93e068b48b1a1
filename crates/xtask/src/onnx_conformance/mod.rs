//! `onnx-conformance`: runs ONNX's node tests with `imagine onnx-test` on every executor. The score may only rise.
//!
//! The score counts tests whose operators and element types a graph can express, except those in
//! `tests/onnx/excluded.txt`. That list is checked against the run and cannot grow.

mod excluded;
mod package;
mod score;
mod subset;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::step::{Outcome, StepResult, cargo, root};
use package::Package;
use score::Score;

const USAGE: &str = "onnx-conformance [--bless | --subset]";

/// One test of the package.
#[derive(Clone, Debug, Default, PartialEq)]
struct Test {
    name: String,
    passed: bool,
    /// Why it did not pass.
    reason: String,
    operators: Vec<String>,
    /// Whether a graph can express it.
    declared: bool,
}

/// Runs the tests and checks the score. `--bless` saves a better score, `--subset` rebuilds `third_party/onnx`.
pub fn run(arguments: &[String]) -> StepResult {
    let option = match arguments {
        [] => None,
        [one] if one == "--bless" || one == "--subset" => Some(one.as_str()),
        _ => bail!("usage: cargo xtask {USAGE}"),
    };
    let root = root();
    let package = Package::install(&root)?;
    let tests = run_tests(&package.node_tests())?;
    let list = excluded::read(&root)?;
    let excluded = excluded::check(&list, &tests)?;
    let counted = |test: &Test| test.declared && !excluded.contains(&test.name);
    print!("{}", table(&tests, counted));
    for test in tests.iter().filter(|test| counted(test) && !test.passed) {
        println!("not passed: {}: {}", test.name, test.reason.lines().next().unwrap_or_default());
    }
    let score = Score {
        package: package::REQUIREMENT.into(),
        passed: tests.iter().filter(|test| counted(test) && test.passed).count(),
        denominator: tests.iter().filter(|test| counted(test)).count(),
        all: tests.len(),
        excluded: excluded.len(),
    };
    println!("{}", score.sentence());
    score::hold(&root, &score, option == Some("--bless"))?;
    if option == Some("--subset") {
        subset::make(&root, &package, &tests)?;
    }
    Ok(Outcome::Done)
}

/// Runs every test below `folder` on every executor.
fn run_tests(folder: &Path) -> anyhow::Result<Vec<Test>> {
    let mut command = cargo(&["run", "--quiet", "--package", "imagine_cli", "--"]);
    command.arg("onnx-test").arg(folder).arg("--json").stderr(std::process::Stdio::inherit());
    println!("$ imagine onnx-test {} --json", folder.display());
    let output = command.output().context("cannot start cargo")?;
    // Exit code 1 means failed tests, which the score counts.
    ensure!(matches!(output.status.code(), Some(0 | 1)), "imagine onnx-test ended with {}", output.status);
    parse(&output.stdout)
}

fn parse(report: &[u8]) -> anyhow::Result<Vec<Test>> {
    let report: Value = serde_json::from_slice(report).context("imagine onnx-test printed no JSON")?;
    let tests = report["tests"].as_array().context("imagine onnx-test listed no tests")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let test = |test: &Value| Test {
        name: text(&test["name"]),
        passed: test["status"] == "passed",
        reason: text(&test["reason"]),
        operators: test["operators"].as_array().into_iter().flatten().map(text).collect(),
        declared: test["declared"] == true,
    };
    Ok(tests.iter().map(test).collect())
}

/// One line per operator. A test counts for each of its operators, so the columns do not add up to the score.
fn table(tests: &[Test], counted: impl Fn(&Test) -> bool) -> String {
    let mut rows: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for test in tests {
        for operator in &test.operators {
            let [passed, denominator, all] = rows.entry(operator).or_default();
            *passed += usize::from(counted(test) && test.passed);
            *denominator += usize::from(counted(test));
            *all += 1;
        }
    }
    let mut text = format!("{:40} {:>7} {:>12} {:>5}\n", "operator", "passed", "denominator", "all");
    for (operator, [passed, denominator, all]) in rows {
        text += &format!("{operator:40} {passed:7} {denominator:12} {all:5}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, passed: bool, declared: bool) -> Test {
        Test { name: name.into(), passed, declared, operators: vec!["Abs".into(), "Neg".into()], ..Test::default() }
    }

    #[test]
    fn a_test_counts_for_each_of_its_operators() {
        let tests = [test("a", true, true), test("b", false, true), test("c", true, true), test("d", true, false)];
        let table = table(&tests, |test| test.declared && test.name != "c");
        let row = table.lines().find(|line| line.starts_with("Neg ")).unwrap();
        assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["Neg", "1", "2", "4"]);
    }

    #[test]
    fn a_report_is_read() {
        let report = br#"{"tests": [{"name": "t", "status": "refused", "reason": "no", "operators": ["Abs"], "declared": true}]}"#;
        let expected = Test { operators: vec!["Abs".into()], reason: "no".into(), ..test("t", false, true) };
        assert_eq!(parse(report).unwrap(), [expected]);
        assert!(parse(b"{}").is_err() && parse(b"").is_err());
    }
}
