//! `imagine evaluate`: figures about a generator of sprites, on the pictures held back from its training.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use burn::backend::Flex;
use clap::Args;
use imagine_graph::file;
use imagine_train::data::SpriteSet;
use imagine_train::evaluate::{Evaluation, evaluate};
use serde_json::json;

use super::print;

/// Arguments of `imagine evaluate`.
#[derive(Args, Clone, Debug)]
pub struct Evaluate {
    /// Generator file.
    file: PathBuf,
    /// What it was trained on: a folder whose folders are the classes, or what `imagine pack` made of one.
    #[arg(long)]
    data: PathBuf,
    /// Class to leave out, as in training; may be repeated.
    #[arg(long)]
    leave_out: Vec<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    /// Runs the generator on the CPU and prints the figures.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let loaded = file::load(&self.file)?;
        let set = SpriteSet::read(&self.data, &self.leave_out)?;
        ensure!(!set.held_back.is_empty(), "{}: too few pictures to hold any back", self.data.display());
        let known = &loaded.generator.generator.card.training_data;
        let same = known.iter().any(|data| data.sha256 == set.sha256);
        let found = evaluate::<Flex>(&loaded.generator, &set, &Default::default())?;
        let report = json!({ "file": loaded.name, "trained_on_this_data": same, "figures": found });
        print(self.json, &report, &text(&found, same));
        Ok(ExitCode::SUCCESS)
    }
}

fn text(found: &Evaluation, same: bool) -> String {
    let mut lines = vec![format!("{:<22}{:>10}{:>10}", format!("{} sprites", found.sprites), "generated", "real")];
    let mut line = |name: &str, generated: f64, real: f64| {
        lines.push(format!("{name:<22}{generated:>10.3}{real:>10.3}"));
    };
    line("frechet distance", found.frechet.generated, found.frechet.real);
    let (ours, real) = (found.neighbourhood.generated, found.neighbourhood.real);
    line("precision", ours.precision, real.precision);
    line("recall", ours.recall, real.recall);
    line("density", ours.density, real.density);
    line("coverage", ours.coverage, real.coverage);
    line("vendi score", found.vendi.generated, found.vendi.real);
    line("nearest trained on", found.nearest.generated, found.nearest.real);
    lines.push(format!("suspiciously near     {:>10.3}", found.suspicious));
    lines.push(format!("colours obeyed        {:>10.3} of {} pairs of prompts", found.color_obeyed, found.color_pairs));
    if !same {
        lines.push("the card names other training data: what is held back here may have been trained on".into());
    }
    lines.join("\n")
}
