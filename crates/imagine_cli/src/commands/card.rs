//! The model card and the file of a new generator, as arguments.

use std::path::Path;

use anyhow::Context;
use clap::Args;
use imagine_graph::file::{EXTENSION, check_place};
use imagine_graph::{Card, Provenance};

/// Entries of the card.
#[derive(Args, Clone, Debug)]
pub struct CardArguments {
    /// Title.
    #[arg(long, default_value = "")]
    title: String,
    /// Licence of the generator, an SPDX expression.
    #[arg(long, default_value = "")]
    license: String,
    /// Name of the training data.
    #[arg(long, default_value = "")]
    data_name: String,
    /// Where the training data is published.
    #[arg(long, default_value = "")]
    data_source: String,
    /// Licence of the training data, an SPDX expression.
    #[arg(long, default_value = "")]
    data_license: String,
    /// Date, YYYY-MM-DD.
    #[arg(long, default_value = "")]
    date: String,
}

impl CardArguments {
    /// The card before training.
    pub fn card(&self) -> Card {
        let card = self.clone();
        let data = Provenance {
            name: card.data_name,
            source: card.data_source,
            license: card.data_license,
            ..Provenance::default()
        };
        let training_data = vec![data];
        Card { title: card.title, license: card.license, date: card.date, training_data, ..Card::default() }
    }
}

/// Checks whether the generator file `out` can be written; returns its name without the extension.
pub fn check_out(out: &Path) -> anyhow::Result<String> {
    let name = out.to_string_lossy();
    let base = name.strip_suffix(EXTENSION);
    let base = base.with_context(|| format!("--out {name:?}: expected a name ending in {EXTENSION}"))?;
    check_place(out).context("--out")?;
    Ok(base.into())
}
