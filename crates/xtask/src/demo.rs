//! `demo`: runs the demo scene, in a window if there is a display, else to pictures.

use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, bail};

use crate::setup;
use crate::step::{self, Outcome, StepResult, root, workspace};

/// Duration of a first build of the demo on one core, measured on a server CPU of 2023.
const BUILD_CORE_MINUTES: u64 = 25;

/// Sets up, then runs the demo with `arguments`, for example `--headless`.
pub fn run(arguments: &[String]) -> StepResult {
    let asked = arguments.iter().any(|argument| argument == "--headless");
    let headless = asked || !step::has_display();
    announce(asked, headless)?;
    setup::install(if headless { setup::Needs::Adapter } else { setup::Needs::Window })?;

    // With the features of the whole workspace, so that tests and the demo share one build of Bevy.
    step::run(&mut workspace("build", &["--example", "demo"]))?;
    let mut command = Command::new(executable()?);
    command.current_dir(root()).env("CARGO_MANIFEST_DIR", root().join("examples")).args(arguments);
    if headless && !asked {
        command.arg("--headless");
    }
    let start = SystemTime::now();
    step::run(&mut command)?;
    if headless {
        report_pictures(start)?;
    }
    Ok(Outcome::Done)
}

/// Says what will happen and how long it takes, before anything is built.
fn announce(asked: bool, headless: bool) -> anyhow::Result<()> {
    let target = step::target_folder(&root())?;
    let is_built = executable()?.exists();
    println!("The demo runs the generators of assets/materials and assets/generators.");
    match (headless, asked) {
        (false, _) => println!("It opens a window; close the window to end it."),
        (true, true) => println!("It writes pictures to {}.", pictures().display()),
        (true, false) => println!("There is no display: it writes pictures to {}.", pictures().display()),
    }
    match is_built {
        true => println!("It was built before and starts in seconds."),
        false => println!("{}", step::first_build("It", BUILD_CORE_MINUTES, &target)),
    }
    Ok(())
}

/// The demo, once it is built.
fn executable() -> anyhow::Result<PathBuf> {
    let name = format!("demo{}", std::env::consts::EXE_SUFFIX);
    Ok(step::target_folder(&root())?.join("debug/examples").join(name))
}

/// Folder of the pictures.
fn pictures() -> PathBuf {
    root().join("out")
}

/// Lists the pictures that the demo wrote after `start`; fails if there are none.
fn report_pictures(start: SystemTime) -> anyhow::Result<()> {
    let folder = pictures();
    let entries = folder.read_dir().with_context(|| format!("the demo created no folder {}", folder.display()))?;
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
