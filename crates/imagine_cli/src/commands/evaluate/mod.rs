//! `imagine evaluate`: figures about a generator of sprites or of materials, on what was held back from its training.

mod history;
mod materials;
mod plots;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use image::ImageFormat;
use imagine_graph::OutputKind;
use imagine_graph::file::{self, LoadedGenerator};
use imagine_train::data::{SpriteSet, sheet};
use imagine_train::evaluate::material::MaterialEvaluationOptions;
use imagine_train::evaluate::{CopyTest, Evaluated, Evaluation, EvaluationOptions, LookFigures, evaluate, samples};
use imagine_train::trainer::ClassifierOptions;
use serde_json::json;

use super::print;
use super::training::{TrainBackend, with_backend};
use history::History;

/// Side of a contact sheet in sprites.
const SHEET: usize = 12;
/// What a report says of a file whose card names other training data.
const OTHER_DATA: &str = "the card names other training data: what is held back here may have been trained on";

/// Arguments of `imagine evaluate`.
#[derive(Args, Clone, Debug)]
pub struct Evaluate {
    /// Generator file: one that makes a normal map is looked at as a generator of materials, any other as one of sprites.
    file: PathBuf,
    /// What it was trained on: a folder whose folders are the classes, or a folder of materials, or what `imagine pack` made of one.
    #[arg(long)]
    data: PathBuf,
    /// Sprites: class to leave out, as in training; may be repeated.
    #[arg(long)]
    leave_out: Vec<String>,
    /// Where to run generator and classifier.
    #[arg(long, value_enum, default_value = "flex")]
    backend: TrainBackend,
    /// Generated sprites or crops in the copy tests.
    #[arg(long, default_value_t = EvaluationOptions::default().copies)]
    copies: usize,
    /// Materials: side of what is compared in texels, a multiple of 16.
    #[arg(long, default_value_t = MaterialEvaluationOptions::default().crop)]
    crop: usize,
    /// Sprites: how many a classifier judges.
    #[arg(long, default_value_t = EvaluationOptions::default().judged)]
    judged: usize,
    /// Sprites: updates of that classifier's weights.
    #[arg(long, default_value_t = EvaluationOptions::default().classifier.updates)]
    classifier_updates: u32,
    /// Folder for `figures.json` and plots; made if it is not there.
    #[arg(long)]
    report: Option<PathBuf>,
    /// A curve for the report, `NAME=FILE` with the `history.jsonl` of a training; may be repeated.
    #[arg(long, value_parser = History::parse, requires = "report")]
    history: Vec<History>,
    /// PNG file for a contact sheet: of 12x12 sprites, or of every kind of materials.
    #[arg(long)]
    sheet: Option<PathBuf>,
    /// Sprites: PNG file for the closest pairs, the generated sprite left of the one trained on: holds training pictures.
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
        let outputs = &loaded.generator.generator.output.outputs;
        if outputs.iter().any(|output| output.kind == OutputKind::Normal) {
            with_backend!(self.backend, self.materials(&loaded))?;
        } else {
            self.sprites(&loaded)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn sprites(&self, loaded: &LoadedGenerator) -> anyhow::Result<()> {
        let set = SpriteSet::read(&self.data, &self.leave_out)?;
        ensure!(!set.held_back.is_empty(), "{}: too few pictures to hold any back", self.data.display());
        let curves = self.history.iter().map(History::read).collect::<anyhow::Result<Vec<_>>>()?;
        let found = with_backend!(self.backend, self.evaluate(loaded, &set))?;
        let same = knows(loaded, &set.sha256);
        let figures = &found.evaluation;
        let report = json!({ "file": loaded.name, "trained_on_this_data": same, "figures": figures });
        if let Some(folder) = &self.report {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            write(&folder.join("figures.json"), &serde_json::to_vec_pretty(&report)?)?;
            let classes = &figures.agreement.classes;
            let classes: Vec<_> =
                classes.iter().map(|class| (class.name.as_str(), class.agreement, class.accuracy)).collect();
            plots::classes(&folder.join("classes.svg"), &classes)?;
            self.plot_copies(folder, &figures.copies)?;
            if !curves.is_empty() {
                plots::curves(&folder.join("training.svg"), &curves)?;
            }
        }
        if let Some(path) = &self.pairs {
            save(path, &sheet(&found.pairs, 8))?;
        }
        print(self.json, &report, &text(figures, same));
        Ok(())
    }

    fn plot_copies(&self, folder: &Path, tests: &[CopyTest]) -> anyhow::Result<()> {
        tests.iter().try_for_each(|test| plots::copies(&folder.join(format!("copies_{}.svg", test.space)), test))
    }

    fn evaluate<A: AutodiffBackend>(
        &self,
        loaded: &LoadedGenerator,
        set: &SpriteSet,
        device: &A::Device,
    ) -> anyhow::Result<Evaluated> {
        if let Some(path) = &self.sheet {
            let (_, sprites) = samples::<A>(&loaded.generator, set, SHEET * SHEET, device)?;
            save(path, &sheet(&sprites, SHEET))?;
        }
        let classifier = ClassifierOptions { updates: self.classifier_updates, ..ClassifierOptions::default() };
        let options = EvaluationOptions { copies: self.copies, judged: self.judged, classifier };
        Ok(evaluate::<A>(&loaded.generator, set, &options, device)?)
    }
}

fn save(path: &Path, picture: &image::RgbImage) -> anyhow::Result<()> {
    picture.save_with_format(path, ImageFormat::Png).with_context(|| format!("cannot write {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Whether the card names data with this hash.
fn knows(loaded: &LoadedGenerator, sha256: &str) -> bool {
    loaded.generator.generator.card.training_data.iter().any(|data| data.sha256 == sha256)
}

fn copies_text(test: &CopyTest) -> String {
    format!(
        "copies, {}: {:.4} of {} nearer than 99 of 100 held back, median {:.2} of theirs",
        test.space, test.below, test.samples, test.median_ratio
    )
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
    for figure in &found.looks {
        let LookFigures { look, noun, asked, unasked } = figure;
        lines.push(format!(
            "{:<22} looks so {asked:.2}, asked for the {noun} alone {unasked:.2}",
            format!("{look} {noun}")
        ));
    }
    lines.extend(found.copies.iter().map(copies_text));
    if !same {
        lines.push(OTHER_DATA.into());
    }
    lines.join("\n")
}
