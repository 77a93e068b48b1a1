//! `imagine evaluate`: figures about a generator of sprites, on the pictures held back from its training.

mod history;
mod plots;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use image::ImageFormat;
use imagine_graph::file::{self, LoadedGenerator};
use imagine_train::data::{SpriteSet, sheet};
use imagine_train::evaluate::{Evaluated, Evaluation, EvaluationOptions, evaluate, samples};
use imagine_train::trainer::ClassifierOptions;
use serde_json::json;

use super::print;
use super::training::{TrainBackend, with_backend};
use history::History;

/// Side of a contact sheet in sprites.
const SHEET: usize = 12;

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
    /// Where to run generator and classifier.
    #[arg(long, value_enum, default_value = "flex")]
    backend: TrainBackend,
    /// Generated sprites in the copy tests.
    #[arg(long, default_value_t = EvaluationOptions::default().copies)]
    copies: usize,
    /// Generated sprites that a classifier judges.
    #[arg(long, default_value_t = EvaluationOptions::default().judged)]
    judged: usize,
    /// Updates of that classifier's weights.
    #[arg(long, default_value_t = EvaluationOptions::default().classifier.updates)]
    classifier_updates: u32,
    /// Folder for `figures.json` and plots; made if it is not there.
    #[arg(long)]
    report: Option<PathBuf>,
    /// A curve for the report, `NAME=FILE` with the `history.jsonl` of a training; may be repeated.
    #[arg(long, value_parser = History::parse, requires = "report")]
    history: Vec<History>,
    /// PNG file for a contact sheet of 12x12 sprites.
    #[arg(long)]
    sheet: Option<PathBuf>,
    /// PNG file for the closest pairs, the generated sprite left of the one trained on: holds training pictures.
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    /// Runs the generator and prints the figures.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let loaded = file::load(&self.file)?;
        let set = SpriteSet::read(&self.data, &self.leave_out)?;
        ensure!(!set.held_back.is_empty(), "{}: too few pictures to hold any back", self.data.display());
        let curves = self.history.iter().map(History::read).collect::<anyhow::Result<Vec<_>>>()?;
        let found = with_backend!(self.backend, self.evaluate(&loaded, &set))?;
        let known = &loaded.generator.generator.card.training_data;
        let same = known.iter().any(|data| data.sha256 == set.sha256);
        let figures = &found.evaluation;
        let report = json!({ "file": loaded.name, "trained_on_this_data": same, "figures": figures });
        if let Some(folder) = &self.report {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            write(&folder.join("figures.json"), &serde_json::to_vec_pretty(&report)?)?;
            plots::classes(&folder.join("classes.svg"), &figures.agreement)?;
            for test in &figures.copies {
                plots::copies(&folder.join(format!("copies_{}.svg", test.space)), test)?;
            }
            if !curves.is_empty() {
                plots::curves(&folder.join("training.svg"), &curves)?;
            }
        }
        if let Some(path) = &self.pairs {
            save(path, &sheet(&found.pairs, 8))?;
        }
        print(self.json, &report, &text(figures, same));
        Ok(ExitCode::SUCCESS)
    }

    fn evaluate<A: AutodiffBackend>(&self, loaded: &LoadedGenerator, set: &SpriteSet) -> anyhow::Result<Evaluated> {
        let device = A::Device::default();
        if let Some(path) = &self.sheet {
            let (_, sprites) = samples::<A>(&loaded.generator, set, SHEET * SHEET, &device)?;
            save(path, &sheet(&sprites, SHEET))?;
        }
        let classifier = ClassifierOptions { updates: self.classifier_updates, ..ClassifierOptions::default() };
        let options = EvaluationOptions { copies: self.copies, judged: self.judged, classifier };
        Ok(evaluate::<A>(&loaded.generator, set, &options, &device)?)
    }
}

fn save(path: &Path, picture: &image::RgbImage) -> anyhow::Result<()> {
    picture.save_with_format(path, ImageFormat::Png).with_context(|| format!("cannot write {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn text(found: &Evaluation, same: bool) -> String {
    let head = format!("{} sprites, {} parameters", found.sprites, found.parameters);
    let mut lines = vec![format!("{head:<40}{:>10}{:>10}", "generated", "real")];
    let mut line = |name: String, generated: f64, real: f64| {
        lines.push(format!("{name:<40}{generated:>10.3}{real:>10.3}"));
    };
    for space in &found.spaces {
        let name = |figure: &str| format!("{figure}, {}", space.name);
        line(name("frechet distance"), space.frechet.generated, space.frechet.real);
        let (ours, real) = (space.neighbourhood.generated, space.neighbourhood.real);
        line(name("precision"), ours.precision, real.precision);
        line(name("recall"), ours.recall, real.recall);
        line(name("density"), ours.density, real.density);
        line(name("coverage"), ours.coverage, real.coverage);
        line(name("vendi score (real: held back)"), space.vendi, space.vendi_held_back);
    }
    line("patch distance".into(), found.patches.generated, found.patches.real);
    let agreement = &found.agreement;
    line("class as asked (real: held back)".into(), agreement.agreement, agreement.accuracy);
    for class in &agreement.classes {
        line(format!("  {}", class.name), class.agreement, class.accuracy);
    }
    lines.push(format!("colours obeyed in {:.3} of {} pairs of prompts", found.colors.obeyed, found.colors.pairs));
    for test in &found.copies {
        lines.push(format!(
            "copies, {}: {:.4} of {} nearer than 99 of 100 held-back sprites, median {:.2} of theirs",
            test.space, test.below, test.samples, test.median_ratio
        ));
    }
    if !same {
        lines.push("the card names other training data: what is held back here may have been trained on".into());
    }
    lines.join("\n")
}
