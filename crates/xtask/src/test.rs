//! `test`: everything that CI runs, to the end even if a step fails, with the duration of each step.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::step::{self, Outcome, Step, StepResult};
use crate::{clippy, deny, doc, fmt, package, setup, suite, tidy, typos};

/// Quick steps first; clippy before doc, which reuses clippy's results.
const STEPS: [(&str, Step); 9] = [
    ("setup", setup::run),
    ("fmt", fmt::run),
    ("tidy", tidy::run),
    ("typos", typos::run),
    ("deny", deny::run),
    ("package", package::run),
    ("clippy", clippy::run),
    ("doc", doc::run),
    ("suite", suite::run),
];

/// Duration of a first run on one core: everything is built, checked and tested.
const FIRST_RUN_CORE_MINUTES: u64 = 80;

/// Runs all steps and reports them together.
pub fn run() -> StepResult {
    announce()?;
    let start = Instant::now();
    let mut report = Vec::new();
    for (name, step) in STEPS {
        println!("\n=== {name}");
        let begin = Instant::now();
        let result = step();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        let line = line(name, &result, begin.elapsed());
        println!("=== {line}");
        report.push((name, result.is_ok(), line));
    }
    println!("\nsummary");
    report.iter().for_each(|(_, _, line)| println!("  {line}"));
    println!("  total {}", time(start.elapsed()));
    let failed: Vec<_> = report.iter().filter(|(_, ok, _)| !ok).map(|(name, ..)| *name).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(Outcome::Done)
}

/// Says what will happen and how long it takes, before anything is built.
fn announce() -> anyhow::Result<()> {
    println!("steps: {}", STEPS.map(|(name, _)| name).join(", "));
    println!("setup may install system packages; everything else writes only to cargo's target folder.");
    let target = step::target_folder(&step::root())?;
    if !target.join("debug/deps").exists() {
        println!("{}", step::first_build("The workspace", FIRST_RUN_CORE_MINUTES, &target));
    }
    Ok(())
}

fn line(name: &str, result: &StepResult, elapsed: Duration) -> String {
    let time = time(elapsed);
    match result {
        Ok(Outcome::Done) => format!("{name:8} ok       {time}"),
        Ok(Outcome::Skipped(reason)) => format!("{name:8} skipped  {reason}"),
        Err(_) => format!("{name:8} FAILED   {time}"),
    }
}

fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", elapsed.as_secs_f32()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_state_the_result_and_duration() {
        assert_eq!(line("fmt", &Ok(Outcome::Done), Duration::from_millis(1500)), "fmt      ok       1.5 s");
        assert_eq!(line("doc", &Err(anyhow::anyhow!("no")), Duration::from_secs(125)), "doc      FAILED   2 min 05 s");
        let skipped = Ok(Outcome::Skipped("why".into()));
        assert_eq!(line("typos", &skipped, Duration::ZERO), "typos    skipped  why");
    }
}
