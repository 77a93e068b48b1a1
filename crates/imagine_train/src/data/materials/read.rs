//! Where materials come from: a folder of sets, a folder of kinds of sets, or a pack of either.
//!
//! A set is a folder with a colour map. Sets lie in the folder itself, and `manifest.json` may tell the kind of each
//! (`{"moss001": {"category": "moss"}}`), else its own name is its kind; or they lie in folders that are the kinds. In a pack the
//! group of a file is `<kind>/<set>` and its name that of its map.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imagine_graph::OutputKind;
use serde::Deserialize;

use crate::architecture::material::MAPS;
use crate::data::exemplar::find_maps;
use crate::data::pack::{self, PackedPicture, sorted};
use crate::error::{ExemplarError, MaterialError, PackError};

const MANIFEST: &str = "manifest.json";
/// Largest manifest and largest map that are read.
const MAX_BYTES: u64 = 1 << 24;

/// What a manifest says of a set; more may stand there.
#[derive(Deserialize)]
struct Entry {
    category: String,
}

/// Maps of materials from a folder or a pack.
pub fn read_pictures(path: &Path) -> Result<Vec<PackedPicture>, MaterialError> {
    if path.is_dir() { read_folder(path) } else { Ok(pack::read(path)?) }
}

/// Maps of materials from a folder, sorted.
pub fn read_folder(folder: &Path) -> Result<Vec<PackedPicture>, MaterialError> {
    let kinds = manifest(&folder.join(MANIFEST))?;
    let mut pictures = Vec::new();
    for inner in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = file_name(&inner);
        if let Some(maps) = maps(&inner)? {
            let kind = kinds.get(&name).map_or(&name, |entry| &entry.category);
            add(&format!("{kind}/{name}"), maps, &mut pictures)?;
            continue;
        }
        for set in sorted(&inner)?.into_iter().filter(|path| path.is_dir()) {
            if let Some(maps) = maps(&set)? {
                add(&format!("{name}/{}", file_name(&set)), maps, &mut pictures)?;
            }
        }
    }
    if pictures.is_empty() {
        return Err(MaterialError::Empty { path: folder.to_path_buf() });
    }
    pictures.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    Ok(pictures)
}

fn manifest(path: &Path) -> Result<BTreeMap<String, Entry>, MaterialError> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let malformed = |reason: String| MaterialError::Manifest { path: path.to_path_buf(), reason };
    let entries: BTreeMap<String, Entry> =
        serde_json::from_slice(&read_file(path)?).map_err(|error| malformed(error.to_string()))?;
    match entries.iter().find(|(_, entry)| entry.category.is_empty() || entry.category.contains('/')) {
        Some((name, entry)) => Err(malformed(format!("category {:?} of {name:?} is no name", entry.category))),
        None => Ok(entries),
    }
}

/// The maps that a set has; `None` if the folder is no set. A normal map that was derived from the height is left out.
fn maps(folder: &Path) -> Result<Option<Vec<(OutputKind, PathBuf)>>, MaterialError> {
    let found = match find_maps(folder) {
        Err(ExemplarError::NoColor { .. }) => return Ok(None),
        found => found?,
    };
    let has_height = found.iter().any(|(kind, ..)| *kind == OutputKind::Height);
    let derived = |path: &Path| path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("normal_derived"));
    let kept = found.into_iter().filter(|(_, _, path)| !(has_height && derived(path)));
    Ok(Some(kept.map(|(kind, _, path)| (kind, path)).collect()))
}

fn add(group: &str, maps: Vec<(OutputKind, PathBuf)>, pictures: &mut Vec<PackedPicture>) -> Result<(), MaterialError> {
    for (kind, path) in maps {
        let file = read_file(&path)?;
        pictures.push(PackedPicture { group: group.into(), name: kind.name().into(), caption: String::new(), file });
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<Vec<u8>, MaterialError> {
    let io = |source| PackError::Io { path: path.to_path_buf(), source };
    let length = std::fs::metadata(path).map_err(io)?.len();
    if length > MAX_BYTES {
        let reason = format!("{length} bytes; at most {MAX_BYTES} are read");
        return Err(PackError::Malformed { path: path.to_path_buf(), reason }.into());
    }
    Ok(std::fs::read(path).map_err(io)?)
}

/// The map that a file of a pack is.
pub(super) fn map_of(picture: &PackedPicture, path: &Path) -> Result<OutputKind, MaterialError> {
    let known = MAPS.into_iter().find(|map| map.name() == picture.name);
    known.ok_or_else(|| MaterialError::UnknownMap {
        path: path.join(&picture.name),
        expected: MAPS.map(OutputKind::name).to_vec(),
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
