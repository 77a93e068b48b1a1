//! `demo`: the demo scene, in a window where there is a display, else as pictures.

use std::time::SystemTime;

use anyhow::{Context, bail};

use crate::setup;
use crate::step::{self, Outcome, StepResult, cargo, root};

/// Sets up, then runs the demo. `arguments` go to it, `--headless` among them.
pub fn run(arguments: &[String]) -> StepResult {
    let asked = arguments.iter().any(|argument| argument == "--headless");
    let headless = asked || !step::has_display();
    setup::install(if headless { setup::Needs::Adapter } else { setup::Needs::Window })?;

    let mut command = cargo(&["run", "--package", "imagine_examples", "--example", "demo", "--"]);
    command.args(arguments);
    if headless && !asked {
        println!("no display: rendering to pictures");
        command.arg("--headless");
    }
    let start = SystemTime::now();
    step::run(&mut command)?;
    if headless {
        report_pictures(start)?;
    }
    Ok(Outcome::Done)
}

/// Says which pictures the demo wrote since `start`; none is a failure.
fn report_pictures(start: SystemTime) -> anyhow::Result<()> {
    let folder = root().join("out");
    let entries = folder.read_dir().with_context(|| format!("the demo left no folder {}", folder.display()))?;
    let mut pictures = Vec::new();
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "png") && entry.metadata()?.modified()? >= start {
            pictures.push(path);
        }
    }
    if pictures.is_empty() {
        bail!("the demo wrote no picture into {}", folder.display());
    }
    pictures.sort();
    println!("pictures:");
    pictures.iter().for_each(|path| println!("  {}", path.display()));
    Ok(())
}
