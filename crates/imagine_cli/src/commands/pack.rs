//! `imagine pack`: packs a folder of folders of pictures into one file that `imagine train` reads.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_exemplar::picture::EXTENSIONS;
use imagine_graph::file::{check_place, replace};
use imagine_train::data::pack::{self, PackedPicture};
use imagine_train::sprite::check_classes;
use serde_json::json;

use super::print;
use crate::room::check_room;

/// Arguments of `imagine pack`.
#[derive(Args, Clone, Debug)]
pub struct Pack {
    /// Folder with a folder of pictures per class, named in words.
    folder: PathBuf,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// Folder to leave out; may be repeated.
    #[arg(long)]
    leave_out: Vec<String>,
    /// Tab-separated table of captions with a header. Its column `file` names the picture: `<folder>/<name>.png`.
    #[arg(long)]
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
        ensure!(!self.folder.is_file(), "{folder}: is a file; expected a folder that has a folder for each class");
        check_room(&self.out, picture_bytes(&self.folder, 1) / 2).context("--out")?;
        let mut pictures = sprites(&self.folder)?;
        pack::leave_out(&mut pictures, &self.leave_out)?;
        check_classes(&pictures, &self.folder)?;
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

/// Bytes of the picture files in a folder and the folders in it, `depth` folders deep. Not all of them may be used.
fn picture_bytes(folder: &Path, depth: usize) -> u64 {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let bytes = entries.map(|entry| {
        let path = entry.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() && depth > 0 => picture_bytes(&path, depth - 1),
            Ok(found) if found.is_file() && EXTENSIONS.contains(&&*extension) => found.len(),
            _ => 0,
        }
    });
    bytes.sum()
}

/// The pictures of a folder of classes. Faults of files are told now, not when a network is trained on the pack.
fn sprites(folder: &Path) -> anyhow::Result<Vec<PackedPicture>> {
    let pictures = pack::read_folders(folder)?;
    for picture in &pictures {
        let place = || folder.join(&picture.group).join(&picture.name).display().to_string();
        imagine_exemplar::picture::open(&picture.file).with_context(place)?;
    }
    Ok(pictures)
}
