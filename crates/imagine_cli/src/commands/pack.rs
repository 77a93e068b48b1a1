//! `imagine pack`: packs a folder of folders of PNG files, or of materials, into one file that `imagine train` reads.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_graph::file::{check_place, replace};
use imagine_train::data::pack;
use imagine_train::material;
use serde_json::json;

use super::print;

/// Arguments of `imagine pack`.
#[derive(Args, Clone, Debug)]
pub struct Pack {
    /// Folder with a folder of PNG files per class, named in words; with `--materials`, a folder of materials.
    folder: PathBuf,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// The folder contains materials: a folder each, with color, normal, height, roughness, ao, metallic as png or jpg.
    #[arg(long)]
    materials: bool,
    /// Folder to leave out (`kind/name` for a material); may be repeated.
    #[arg(long)]
    leave_out: Vec<String>,
    /// Tab-separated table of captions with a header. Its column `file` names the picture: `<folder>/<name>.png`.
    #[arg(long, conflicts_with = "materials")]
    captions: Option<PathBuf>,
    /// Column of the table with the captions.
    #[arg(long, default_value = "text", requires = "captions")]
    caption_column: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Pack {
    /// Reads the folder and writes the pack.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        check_place(&self.out).context("--out")?;
        let folder = self.folder.display();
        ensure!(
            !self.folder.is_file(),
            "{folder}: is a file; expected a folder that has a folder for each class or material"
        );
        let mut pictures =
            if self.materials { material::read_folder(&self.folder)? } else { pack::read_folders(&self.folder)? };
        pictures.retain(|picture| !self.leave_out.contains(&picture.group));
        ensure!(!pictures.is_empty(), "{}: every folder is left out", self.folder.display());
        let captions = match &self.captions {
            Some(table) => pack::read_captions(&mut pictures, table, &self.caption_column)?,
            None => 0,
        };
        let bytes = pack::encode(&pictures).with_context(|| self.folder.display().to_string())?;
        replace(&self.out, &bytes)?;
        let (out, count, length) = (self.out.display().to_string(), pictures.len(), bytes.len());
        let text = format!("wrote {out}: {count} pictures, {captions} with captions, {length} bytes");
        let report = json!({ "out": out, "pictures": count, "captions": captions, "bytes": length });
        print(self.json, &report, &text)?;
        Ok(ExitCode::SUCCESS)
    }
}
