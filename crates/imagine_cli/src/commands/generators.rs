//! `imagine generators`: lists the built-in generators or writes them as generator files.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use imagine_graph::file::{self, EXTENSION, WeightFormat};
use imagine_graph::generators;
use serde_json::json;

use super::print;
use crate::files::write_folder;

/// Arguments of `imagine generators`.
#[derive(Args, Clone, Debug)]
pub struct Generators {
    /// Write a generator file for each into this folder instead of listing them.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Generators {
    /// Lists or writes them.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(folder) = &self.out else {
            let names: Vec<&str> = generators::names().collect();
            print(self.json, &json!({ "generators": names }), &names.join("\n"))?;
            return Ok(ExitCode::SUCCESS);
        };
        file::check_folder(folder).context("--out")?;
        let mut files = Vec::new();
        for (name, build) in generators::built() {
            files.push((format!("{name}{EXTENSION}"), file::write(&build(), WeightFormat::F32)?));
        }
        let written = write_folder(folder, &files)?;
        let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
        print(self.json, &json!({ "files": written }), &written.join("\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}
