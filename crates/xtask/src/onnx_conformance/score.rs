//! The committed score: passing tests and all counted tests. It may only rise, and README states it.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};

const FILE: &str = "tests/onnx/score.json";

const README: &str = "README.md";

/// Numbers of tests.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Package and version of the tests.
    pub package: String,
    /// Tests that count and pass on every executor.
    pub passed: usize,
    /// Tests that count.
    pub denominator: usize,
    /// Tests in the package.
    pub all: usize,
    /// Tests on the exclusion list.
    pub excluded: usize,
}

impl Score {
    /// The sentence in README.
    pub fn sentence(&self) -> String {
        let Self { package, passed, denominator, all, .. } = self;
        let package = package.replace("==", " ");
        format!("{passed} of {denominator} node tests of {package} pass on every executor ({all} in the package)")
    }

    fn read(root: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        Self::parse(&text).with_context(|| format!("{FILE}: package, passed, denominator, all and excluded expected"))
    }

    fn parse(text: &str) -> Option<Self> {
        let score: Value = serde_json::from_str(text).ok()?;
        let number = |key: &str| score[key].as_u64().map(|number| number as usize);
        Some(Self {
            package: score["package"].as_str()?.into(),
            passed: number("passed")?,
            denominator: number("denominator")?,
            all: number("all")?,
            excluded: number("excluded")?,
        })
    }

    fn to_text(&self) -> String {
        let Self { package, passed, denominator, all, excluded } = self;
        let score = json!({
            "package": package, "passed": passed, "denominator": denominator, "all": all, "excluded": excluded,
        });
        format!("{score:#}\n")
    }

    /// Everything that is worse than in `old`.
    fn worse_than(&self, old: &Self) -> Vec<String> {
        let fell = [("passed", self.passed, old.passed), ("denominator", self.denominator, old.denominator)];
        let fell = fell.iter().filter(|(_, new, old)| new < old);
        let mut worse: Vec<String> = fell.map(|(what, new, old)| format!("{what} fell from {old} to {new}")).collect();
        if self.excluded > old.excluded {
            worse.push(format!("the list of excluded tests grew from {} to {}", old.excluded, self.excluded));
        }
        worse
    }
}

/// Fails if `score` is worse than the committed one. Saves a better one to the file and README if `bless`.
pub fn hold(root: &Path, score: &Score, bless: bool) -> anyhow::Result<()> {
    let old = Score::read(root)?;
    let worse = score.worse_than(&old);
    if !worse.is_empty() {
        bail!("the score of {FILE} may only rise: {}", worse.join(", "));
    }
    check_readme(root)?;
    if *score == old {
        return Ok(());
    }
    if !bless {
        println!("better than {FILE}: save it with `cargo xtask onnx-conformance --bless`");
        return Ok(());
    }
    let readme = std::fs::read_to_string(root.join(README))?;
    std::fs::write(root.join(README), readme.replace(&old.sentence(), &score.sentence()))?;
    std::fs::write(root.join(FILE), score.to_text())?;
    println!("saved in {FILE} and {README}");
    Ok(())
}

/// Fails unless README states the committed score.
fn check_readme(root: &Path) -> anyhow::Result<()> {
    let sentence = Score::read(root)?.sentence();
    let readme = std::fs::read_to_string(root.join(README)).with_context(|| format!("cannot read {README}"))?;
    if !readme.contains(&sentence) {
        bail!("{README} must contain the score of {FILE}: {sentence:?}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score() -> Score {
        Score { package: "onnx==1.22.0".into(), passed: 8, denominator: 9, all: 20, excluded: 2 }
    }

    #[test]
    fn readme_states_the_committed_score() {
        check_readme(&crate::step::root()).unwrap();
    }

    #[test]
    fn a_score_is_read_back_and_may_only_rise() {
        let old = score();
        assert_eq!(Score::parse(&old.to_text()), Some(old.clone()));
        assert!(Score { passed: 9, denominator: 10, all: 30, excluded: 1, ..score() }.worse_than(&old).is_empty());
        let worse = Score { passed: 7, denominator: 8, excluded: 3, ..score() }.worse_than(&old);
        assert_eq!(worse.len(), 3, "{worse:?}");
    }

    #[test]
    fn a_fall_is_refused_and_a_rise_is_written_when_blessed() {
        let root = std::env::temp_dir().join(format!("imagine-score-{}", std::process::id()));
        std::fs::create_dir_all(root.join("tests/onnx")).unwrap();
        std::fs::write(root.join(FILE), score().to_text()).unwrap();
        std::fs::write(root.join(README), "no score").unwrap();
        assert!(hold(&root, &score(), false).is_err());
        std::fs::write(root.join(README), score().sentence()).unwrap();
        hold(&root, &score(), false).unwrap();
        assert!(hold(&root, &Score { passed: 7, ..score() }, true).is_err());
        let risen = Score { passed: 9, ..score() };
        hold(&root, &risen, false).unwrap();
        assert_eq!(Score::read(&root).unwrap(), score());
        hold(&root, &risen, true).unwrap();
        assert_eq!(Score::read(&root).unwrap(), risen);
        check_readme(&root).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
    }
}
