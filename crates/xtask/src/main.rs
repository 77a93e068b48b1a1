//! `cargo xtask <command>`: setup, demo, tests and checks, for README and CI. One file per command.

mod bench;
mod clippy;
mod crash_test;
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

  demo [--headless]  run the demo in a window, or write pictures if there is no display
  test               run everything that CI runs
  onnx-conformance   run the node tests of ONNX's Python package; the score may only rise
                     [--bless: save a better score, --subset: rebuild third_party/onnx]
  fingerprint        record FILE [CHECKOUT]: record what a checkout computes and prints
                     compare BEFORE AFTER: compare two recordings
  bench [--bless]    time the executors; print ratios, and which became worse than the committed ones
  crash-test [SEED [IMAGINE]]
                     kill `imagine` 200 times at random moments and look for half files
  setup              find a Vulkan driver and system libraries; install missing packages

steps of test:
  setup  fmt  tidy  typos  deny  package  clippy  doc  suite

shaders (part of suite) validates all WGSL";

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
        ("bench", rest) => bench::run(rest),
        ("crash-test", rest) => crash_test::run(rest),
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
