//! `imagine evaluate`: figures of a generator of sprites, of an upscaler, a restorer or a network that makes maps, on the data held back from its
//! training; of one by example, those of its card.

mod exemplar;
mod history;
mod maps;
mod plots;
mod restorers;
mod sprites;
mod upscalers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use imagine_graph::file::{self, LoadedGenerator, check_folder, check_place};
use imagine_train::Family;
use imagine_train::metric::CopyTest;
use imagine_train::sprite::EvaluationOptions;

use super::training::{TrainBackend, with_backend};
use history::History;

/// The warning about a file whose card names other training data.
const OTHER_DATA: &str = "the card names other training data: the held-back data may have been trained on";

/// Arguments of `imagine evaluate`.
#[derive(Args, Clone, Debug)]
pub struct Evaluate {
    /// Generator file.
    file: PathBuf,
    /// The training data: a folder of classes, or a pack that `imagine pack` made of one; for upscalers and restorers a folder of pictures, for
    /// networks that make maps one of PBR sets, and may be repeated. A generator by example needs none.
    #[arg(long)]
    data: Vec<PathBuf>,
    /// Upscalers, restorers, maps: the list of what the training held out.
    #[arg(long, value_name = "LIST")]
    held_out: Option<PathBuf>,
    /// What the file generates; by default as its card says.
    #[arg(long, value_enum)]
    family: Option<Family>,
    /// Sprites: class to leave out, as in training; may be repeated.
    #[arg(long)]
    leave_out: Vec<String>,
    /// Where to run generator and classifier.
    #[arg(long, value_enum, default_value = "flex")]
    backend: TrainBackend,
    /// Sprites: generated sprites in the copy tests.
    #[arg(long, default_value_t = EvaluationOptions::default().copies)]
    copies: usize,
    /// Sprites: generated sprites that a classifier judges.
    #[arg(long, default_value_t = EvaluationOptions::default().judged)]
    judged: usize,
    /// Sprites: updates of that classifier.
    #[arg(long, default_value_t = EvaluationOptions::default().classifier.updates)]
    classifier_updates: u32,
    /// Folder for `figures.json` and plots; created if missing.
    #[arg(long)]
    report: Option<PathBuf>,
    /// A curve for the report, `NAME=FILE` with the `history.jsonl` of a training; may be repeated.
    #[arg(long, value_parser = History::parse, requires = "report")]
    history: Vec<History>,
    /// PNG file for a contact sheet: 12x12 sprites, or parts of pictures (bicubic or damaged, the network, the original), or maps beside their own.
    #[arg(long)]
    sheet: Option<PathBuf>,
    /// Sprites: PNG file for the closest pairs, each generated sprite left of the training sprite. Contains training pictures.
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    /// Runs the generator and prints the figures.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let loaded = file::load(&self.file)?;
        self.report.as_ref().map_or(Ok(()), check_folder).context("--report")?;
        self.sheet.as_ref().map_or(Ok(()), check_place).context("--sheet")?;
        self.pairs.as_ref().map_or(Ok(()), check_place).context("--pairs")?;
        match self.family.or_else(|| Family::of(&loaded.generator.generator.card)) {
            Some(Family::Exemplar) => self.exemplar(&loaded)?,
            Some(Family::Sprites) => self.sprites(&loaded)?,
            Some(Family::Upscale) => with_backend!(self.backend, self.upscaler(&loaded))?,
            Some(Family::Restore) => with_backend!(self.backend, self.restorer(&loaded))?,
            Some(Family::Maps) => with_backend!(self.backend, self.maps(&loaded))?,
            Some(family @ (Family::Living | Family::Style)) => {
                let what = if family == Family::Living { "living texture" } else { "style" };
                bail!("{}: a {what}, which is not evaluated; look at its sheets", loaded.name)
            }
            None => bail!(
                "{}: its card does not say what it generates: add --family sprites, upscale, restore or maps",
                loaded.name
            ),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn data(&self) -> anyhow::Result<&Path> {
        match &self.data[..] {
            [data] => Ok(data),
            [] => bail!("--data is missing: the folder or pack that the generator was trained on"),
            _ => bail!("--data is given {} times: sprites have one folder or pack", self.data.len()),
        }
    }

    fn plot_copies(&self, folder: &Path, tests: &[CopyTest]) -> anyhow::Result<()> {
        tests.iter().try_for_each(|test| plots::copies(&folder.join(format!("copies_{}.svg", test.space)), test))
    }
}

/// Whether the card names training data with this hash.
fn knows(loaded: &LoadedGenerator, sha256: &str) -> bool {
    loaded.generator.generator.card.training_data.iter().any(|data| data.sha256 == sha256)
}

fn copies_text(test: &CopyTest) -> String {
    format!(
        "copies, {}: {:.4} of {} nearer than 99 % of the held-back data, median distance {:.2} of theirs",
        test.space, test.below, test.samples, test.median_ratio
    )
}
