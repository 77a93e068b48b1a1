//! `imagine import`: converts an ONNX file to a generator file, with roles for its inputs and outputs.
//!
//! Roles come from the arguments, then from the file beside the model; the rest are guessed. All are printed.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_graph::file::{self, EXTENSION, WeightFormat};
use serde_json::json;

use super::print;
use crate::network_file::{RoleArguments, import, role_line};
use crate::room::check_room;

/// Arguments of `imagine import`.
#[derive(Args, Clone, Debug)]
pub struct ImportOnnx {
    /// ONNX file. FILE.onnx.ron supplies roles, sizes and card where no argument does.
    file: PathBuf,
    /// Generator file to write; must end in .generator.safetensors.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    roles: RoleArguments,
    /// Title.
    #[arg(long)]
    title: Option<String>,
    /// Licence of the network as an SPDX expression.
    #[arg(long)]
    license: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl ImportOnnx {
    /// Imports and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let name = self.out.to_string_lossy();
        ensure!(name.ends_with(EXTENSION), "--out {name:?} must end in {EXTENSION}");
        file::check_place(&self.out).context("--out")?;
        // Its weights are in the generator, with as many bits or more, save those in files of their own.
        let bytes = std::fs::metadata(&self.file).map_or(0, |found| found.len());
        check_room(&self.out, bytes / 2).context("--out")?;
        let mut roles = self.roles.with_file(&self.file)?;
        roles.card.title = self.title.unwrap_or(roles.card.title);
        roles.card.license = self.license.unwrap_or(roles.card.license);
        let (generator, used) = import(&self.file, &roles)?;
        file::save(&self.out, &generator.generator, WeightFormat::F32)?;
        let size = generator.generator.size;
        let list: Vec<_> = used
            .iter()
            .map(|used| {
                let side = if used.is_output { "output" } else { "input" };
                json!({ side: used.name, "role": used.role, "guessed": used.guessed })
            })
            .collect();
        let lines = used.iter().map(role_line).chain([format!("wrote {name}")]);
        let text = lines.collect::<Vec<_>>().join("\n");
        print(self.json, &json!({ "out": name, "roles": list, "size_rule": size }), &text)?;
        Ok(ExitCode::SUCCESS)
    }
}
