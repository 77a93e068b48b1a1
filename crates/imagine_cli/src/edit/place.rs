//! Where results are written, decided and checked before anything is computed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use imagine_graph::file;

use super::arguments::EditArguments;
use super::source::Found;
use super::task::Results;
use crate::file_format::FileFormat;

/// Where the result of one source goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// This file.
    File(PathBuf, FileFormat),
    /// One file for each map in this folder.
    Folder(PathBuf, Option<FileFormat>),
}

impl Place {
    /// The file or folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path, _) | Self::Folder(path, _) => path,
        }
    }
}

/// The places of all results. Fails if two have the same, or if one cannot be written.
pub fn places(arguments: &EditArguments, found: &[Found], results: Results) -> anyhow::Result<Vec<Place>> {
    let EditArguments { out, format, .. } = arguments;
    let shown = out.display();
    if let Some(named) = FileFormat::of(out)? {
        ensure!(named != FileFormat::Hdr, "--out {shown}: hdr files hold radiance only; use exr");
        if let Some(wanted) = format.filter(|wanted| *wanted != named) {
            bail!(
                "--out {shown}: a file of this name is {}, not {}; end the name in .{}, or give a folder",
                named.extension(),
                wanted.extension(),
                wanted.extension()
            );
        }
        ensure!(
            results == Results::Alike,
            "--out {shown} is one file, but there will be a file for each map: give a folder"
        );
        let is_one = matches!(found, [one] if !one.is_material());
        ensure!(is_one, "--out {shown} is one file, but {}: give a folder", several(found));
        file::check_place(out).context("--out")?;
        return Ok(vec![Place::File(out.clone(), named)]);
    }
    ensure!(*format != Some(FileFormat::Hdr), "--format hdr: hdr files hold radiance only; use exr");
    file::check_folder(out).context("--out")?;
    let mut taken: BTreeMap<PathBuf, &Found> = BTreeMap::new();
    let mut places = Vec::new();
    for one in found {
        let folder = one.folder.as_ref().map_or(out.clone(), |folder| out.join(folder));
        let place = match results == Results::Materials || one.is_material() {
            true if found.len() == 1 => Place::Folder(out.clone(), *format),
            true => Place::Folder(folder.join(&one.name), *format),
            false => {
                let format = format.unwrap_or_else(|| own_format(one.path()));
                Place::File(folder.join(format!("{}.{}", one.name, format.extension())), format)
            }
        };
        if let Some(other) = taken.insert(place.path().to_path_buf(), one) {
            bail!(
                "{} and {} would both be {}: rename one, or use two folders",
                other.path().display(),
                one.path().display(),
                place.path().display()
            );
        }
        check_apart(place.path(), found)?;
        places.push(place);
    }
    Ok(places)
}

fn several(found: &[Found]) -> String {
    match found {
        [one] => format!("{} is a material of several maps", one.path().display()),
        many => format!("there are {} pictures and materials", many.len()),
    }
}

/// Fails if a picture would replace one of those that are read.
fn check_apart(place: &Path, found: &[Found]) -> anyhow::Result<()> {
    let Ok(place) = place.canonicalize() else { return Ok(()) };
    let own = found.iter().find(|one| one.path().canonicalize().is_ok_and(|path| path == place));
    match own {
        Some(one) => bail!("{} would be replaced by its own result: give another --out", one.path().display()),
        None => Ok(()),
    }
}

/// The format of a picture, if results can have it.
fn own_format(path: &Path) -> FileFormat {
    let format = FileFormat::of(path).ok().flatten();
    format.filter(|format| *format != FileFormat::Hdr).unwrap_or(FileFormat::Png)
}
