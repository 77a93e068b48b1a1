//! Finds the maps of materials in a folder.
//!
//! A material is a folder with a colour map. Materials lie in the data folder itself, where `manifest.json` may give their kinds
//! (`{"moss001": {"category": "moss"}}`) and the default is their own name, or in folders named after kinds. In a pack, the group
//! of a file is `<kind>/<material>` and its name is the map's.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use imagine_exemplar::folder::{FolderError, MapFiles, NormalConvention, find_maps, find_maps_in};
use imagine_graph::OutputKind;
use serde::Deserialize;

use crate::data::pack::{self, BYTE_ORDER_MARK, PackedPicture, sorted};
use crate::data::{only_trained, trained_maps};
use crate::error::{ExemplarError, MaterialError};

/// The file with the kinds of materials.
const MANIFEST: &str = "manifest.json";
/// Most bytes of a manifest.
const MAX_MANIFEST: usize = 1 << 24;
/// The folder with the maps inside an unpacked archive of Poly Haven.
const TEXTURES: &str = "textures";

/// The maps of materials in a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundMaterials {
    /// The maps, encoded, sorted.
    pub pictures: Vec<PackedPicture>,
    /// Which file became which map, by material (`<kind>/<material>`).
    pub sets: Vec<(String, MapFiles)>,
    /// Folders that hold pictures, but no colour map.
    pub skipped: Vec<PathBuf>,
}

/// A manifest's entry; other fields are ignored.
#[derive(Deserialize)]
struct Entry {
    category: String,
}

/// Maps of materials from a folder or a pack. In a pack, normal maps have our convention already.
pub fn read_pictures(path: &Path, normal: Option<NormalConvention>) -> Result<Vec<PackedPicture>, MaterialError> {
    if path.is_dir() { Ok(read_folder(path, normal)?.pictures) } else { Ok(pack::read(path)?) }
}

/// Maps of materials from a folder. `normal` is the convention of normal maps whose names do not say it; without it, their slopes
/// tell.
pub fn read_folder(folder: &Path, normal: Option<NormalConvention>) -> Result<FoundMaterials, MaterialError> {
    let kinds = manifest(&folder.join(MANIFEST))?;
    let mut found = FoundMaterials::default();
    for inner in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = file_name(&inner);
        let folders: Vec<PathBuf> = sorted(&inner)?.into_iter().filter(|path| path.is_dir()).collect();
        let is_set = folders.iter().any(|path| file_name(path).eq_ignore_ascii_case(TEXTURES));
        let (maps, has_pictures) = maps(if is_set { find_maps(&inner) } else { find_maps_in(&inner) })?;
        if let Some(maps) = maps {
            let kind = kinds.get(&name).map_or(&name, |entry| &entry.category);
            found.add(format!("{kind}/{name}"), maps, normal)?;
            continue;
        }
        let before = found.sets.len();
        for set in folders {
            match self::maps(find_maps(&set))? {
                (Some(maps), _) => found.add(format!("{name}/{}", file_name(&set)), maps, normal)?,
                (None, true) => found.skipped.push(set),
                (None, false) => {}
            }
        }
        if has_pictures && found.sets.len() == before {
            found.skipped.push(inner);
        }
    }
    if found.pictures.is_empty() {
        return Err(MaterialError::Empty { path: folder.to_path_buf() });
    }
    found.pictures.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    Ok(found)
}

/// The maps of a set that networks are trained on, without a normal map that was derived from the height. `None` without a colour
/// map; then also whether there are pictures.
fn maps(found: Result<MapFiles, FolderError>) -> Result<(Option<MapFiles>, bool), MaterialError> {
    let mut found = match found {
        Err(FolderError::NoColor { pictures, .. }) => return Ok((None, !pictures.is_empty())),
        found => only_trained(found.map_err(ExemplarError::from)?),
    };
    let has_height = found.maps.iter().any(|map| map.kind == OutputKind::Height);
    let derived = |path: &Path| path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("normal_derived"));
    found.maps.retain(|map| !(has_height && derived(&map.path)));
    Ok((Some(found), true))
}

impl FoundMaterials {
    fn add(&mut self, group: String, maps: MapFiles, normal: Option<NormalConvention>) -> Result<(), MaterialError> {
        for (_, map) in trained_maps(&maps) {
            let file = map.open().and_then(|data| data.encoded(normal)).map_err(ExemplarError::from)?;
            let (group, name) = (group.clone(), map.kind.name().into());
            self.pictures.push(PackedPicture { group, name, caption: String::new(), file });
        }
        self.sets.push((group, maps));
        Ok(())
    }
}

/// Each material with a line for each of its maps, and what is not used.
impl fmt::Display for FoundMaterials {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (group, maps) in &self.sets {
            writeln!(to, "{group}")?;
            maps.to_string().lines().try_for_each(|line| writeln!(to, "  {line}"))?;
        }
        self.skipped.iter().try_for_each(|path| writeln!(to, "not used   {}: no colour map", path.display()))
    }
}

fn manifest(path: &Path) -> Result<BTreeMap<String, Entry>, MaterialError> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let malformed = |reason: String| MaterialError::Manifest { path: path.to_path_buf(), reason };
    let bytes = pack::read_bounded(path, MAX_MANIFEST)?;
    let text = String::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
    let entries: BTreeMap<String, Entry> = serde_json::from_str(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text))
        .map_err(|error| malformed(error.to_string()))?;
    match entries.iter().find(|(_, entry)| entry.category.is_empty() || entry.category.contains('/')) {
        Some((name, entry)) => Err(malformed(format!("category {:?} of {name:?} is no name", entry.category))),
        None => Ok(entries),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
