//! `cargo xtask <command>`: set-up, demo, tests and tidy. What README and CI call; one file a command.

mod clippy;
mod demo;
mod deny;
mod doc;
mod fingerprint;
mod fmt;
mod onnx_conformance;
mod package;
mod setup;
mod shaders;
mod step;
mod suite;
mod test;
mod tidy;
mod typos;

use std::process::ExitCode;

use step::Outcome;

const USAGE: &str = "\
usage: cargo xtask <command>

  demo [--headless]  set up, then show the demo; without a display it writes pictures and says where
  test               set up, then everything CI runs: fmt, clippy, suite, doc, tidy, typos, deny, package
  onnx-conformance   install ONNX's Python package and run its node tests: the score may only rise
                     [--bless writes a better score, --subset makes third_party/onnx again]
  fingerprint        record what a checkout computes and says, and compare two of them: record FILE [CHECKOUT],
                     compare BEFORE AFTER
  setup              find a Vulkan adapter and the system libraries; install the packages that lack

parts of test:
  fmt  clippy  suite  doc  shaders  tidy  typos  deny  package";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("", &[][..]),
    };
    let result = match (command, rest) {
        ("demo", rest) => demo::run(rest),
        ("test", []) => test::run(),
        ("fingerprint", rest) => fingerprint::run(rest),
        ("onnx-conformance", rest) => onnx_conformance::run(rest),
        ("setup", []) => setup::run(),
        ("fmt", []) => fmt::run(),
        ("clippy", []) => clippy::run(),
        ("suite", []) => suite::run(),
        ("doc", []) => doc::run(),
        ("shaders", []) => shaders::run(),
        ("tidy", []) => tidy::run(),
        ("typos", []) => typos::run(),
        ("deny", []) => deny::run(),
        ("package", []) => package::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Skipped(reason)) => {
            println!("skipped: {reason}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
