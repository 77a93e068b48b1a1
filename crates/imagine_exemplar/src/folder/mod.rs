//! Finds the maps of a PBR set in a folder by the names of its files.
//!
//! If several files hold the same map, the best is used: a file of its own before a channel of a packed one, OpenGL normals before
//! DirectX ones, lossless formats before lossy ones, then the first by name. Unused files are listed too. [`MapFile::open`] reads a map.

mod convention;
mod error;
mod names;
mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use imagine_graph::OutputKind;

pub use convention::detect_convention;
pub use error::FolderError;
pub use names::{ChannelRole, MapRole, NormalConvention, role_of};
pub use read::MapData;

use crate::picture::{EXTENSIONS, FORMATS};
use names::role_and_set;

/// Extensions of picture files that cannot be read; they are listed as not used.
const UNREADABLE: [&str; 9] = ["tga", "bmp", "dds", "psd", "gif", "avif", "heic", "jxl", "ktx2"];

/// Levels of nested folders that are searched.
const MAX_DEPTH: usize = 4;

/// Where a map is to be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapFile {
    /// The map.
    pub kind: OutputKind,
    /// The picture.
    pub path: PathBuf,
    /// The channel of a packed picture, 0 to 3; `None` if the picture is this map alone.
    pub channel: Option<usize>,
    /// Whether the value is inverted, `1 - v`: gloss in place of roughness.
    pub inverted: bool,
    /// The convention in the name of a normal map; `None` if the name does not say, and for other maps.
    pub convention: Option<NormalConvention>,
}

/// The maps of a set, colour first, and the pictures that are none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapFiles {
    /// Where each map is read from.
    pub maps: Vec<MapFile>,
    /// Pictures in the same folder that are not used, sorted.
    pub unused: Vec<UnusedPicture>,
}

/// A picture that is not used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnusedPicture {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub reason: Unused,
}

/// Why a picture is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unused {
    /// Its name is no map's, or a better file holds the same map.
    Spare,
    /// Its format is not read.
    Format,
    /// It is a map that is not wanted.
    Unwanted(OutputKind),
}

/// Finds the maps in `folder`, or in the only folder inside it if it holds no pictures itself (`textures`, or an unpacked archive).
/// Hidden files, such as those of macOS (`._color.png`), are skipped.
pub fn find_maps(folder: &Path) -> Result<MapFiles, FolderError> {
    let (mut pictures, mut folders) = list(folder)?;
    for _ in 0..MAX_DEPTH {
        let inner = match &folders[..] {
            [only] => only,
            several => match several.iter().find(|path| stem(path) == "textures") {
                Some(textures) => textures,
                None => break,
            },
        };
        if !pictures.is_empty() {
            break;
        }
        (pictures, folders) = list(inner)?;
    }
    choose(&pictures).ok_or_else(|| FolderError::NoColor { path: folder.to_path_buf(), pictures })
}

/// Finds the maps that lie in `folder` itself.
pub fn find_maps_in(folder: &Path) -> Result<MapFiles, FolderError> {
    let pictures = list(folder)?.0;
    choose(&pictures).ok_or_else(|| FolderError::NoColor { path: folder.to_path_buf(), pictures })
}

/// The maps among `pictures`; `None` if none of them is a colour map.
///
/// Where several sets lie in one folder, those of the best colour map's set are taken.
fn choose(pictures: &[PathBuf]) -> Option<MapFiles> {
    let mut candidates: Vec<(Rank, MapFile)> = Vec::new();
    let mut sets: BTreeMap<&Path, String> = BTreeMap::new();
    for path in pictures.iter().filter(|path| is_readable(path)) {
        if let Some((role, set)) = role_and_set(&stem(path)) {
            candidates.extend(map_files(path, role).into_iter().map(|map| (rank(&map), map)));
            sets.insert(path, set);
        }
    }
    let colors = || candidates.iter().filter(|(_, map)| map.kind == OutputKind::BaseColor);
    match colors().min_by(|a, b| a.0.cmp(&b.0)).map(|(_, map)| sets[&*map.path].clone()) {
        Some(best) => {
            if colors().any(|(_, map)| sets[&*map.path] != best) {
                candidates.retain(|(_, map)| sets[&*map.path] == best);
            }
        }
        None => {
            let color = MapFile::alone(OutputKind::BaseColor, unnamed_color(pictures)?);
            candidates.push((rank(&color), color));
        }
    }
    candidates.sort_by(|a, b| (a.1.kind, &a.0).cmp(&(b.1.kind, &b.0)));
    candidates.dedup_by(|later, kept| later.1.kind == kept.1.kind);
    let mut maps: Vec<MapFile> = candidates.into_iter().map(|(_, map)| map).collect();
    maps.sort_by_key(|map| (map.kind != OutputKind::BaseColor, map.kind));
    let is_used = |path: &PathBuf| maps.iter().any(|map| map.path == *path);
    let unused = pictures.iter().filter(|path| !is_used(path)).map(|path| {
        let reason = if is_readable(path) { Unused::Spare } else { Unused::Format };
        UnusedPicture { path: path.clone(), reason }
    });
    let mut unused: Vec<UnusedPicture> = unused.collect();
    unused.sort();
    Some(MapFiles { maps, unused })
}

impl MapFiles {
    /// These maps without those that are none of `kinds`; their pictures are then not used.
    pub fn only(mut self, kinds: &[OutputKind]) -> Self {
        let (kept, others): (Vec<MapFile>, Vec<MapFile>) =
            self.maps.into_iter().partition(|map| kinds.contains(&map.kind));
        for MapFile { path, kind, .. } in others {
            if !kept.iter().any(|map| map.path == path) && !self.unused.iter().any(|unused| unused.path == path) {
                self.unused.push(UnusedPicture { path, reason: Unused::Unwanted(kind) });
            }
        }
        self.unused.sort();
        Self { maps: kept, unused: self.unused }
    }
}

/// Rank of a source, best first: alone or packed, convention, derived, format, name.
type Rank = (bool, u8, bool, usize, PathBuf);

fn rank(map: &MapFile) -> Rank {
    let convention = match map.convention {
        Some(NormalConvention::OpenGl) => 0,
        None => 1,
        Some(NormalConvention::DirectX) => 2,
    };
    let derived = stem(&map.path).to_lowercase().contains("derived");
    let format = EXTENSIONS.iter().position(|known| *known == extension(&map.path)).unwrap_or(EXTENSIONS.len());
    (map.channel.is_some(), convention, derived, format, map.path.clone())
}

impl MapFile {
    /// A colour map whose name does not matter.
    pub fn color(path: &Path) -> Self {
        Self::alone(OutputKind::BaseColor, path)
    }

    fn alone(kind: OutputKind, path: &Path) -> Self {
        Self { kind, path: path.to_path_buf(), channel: None, inverted: false, convention: None }
    }
}

/// The maps that a picture of `role` holds.
fn map_files(path: &Path, role: MapRole) -> Vec<MapFile> {
    match role {
        MapRole::Color => vec![MapFile::alone(OutputKind::BaseColor, path)],
        MapRole::Emissive => vec![MapFile::alone(OutputKind::Emissive, path)],
        MapRole::Normal(convention) => vec![MapFile { convention, ..MapFile::alone(OutputKind::Normal, path) }],
        MapRole::Single(role) => {
            let (kind, inverted) = kind_of(role);
            vec![MapFile { inverted, ..MapFile::alone(kind, path) }]
        }
        MapRole::Packed(roles) => {
            let channels = roles.into_iter().enumerate();
            let map = |(channel, role): (usize, Option<ChannelRole>)| {
                let (kind, inverted) = kind_of(role?);
                Some(MapFile { channel: Some(channel), inverted, ..MapFile::alone(kind, path) })
            };
            channels.filter_map(map).collect()
        }
    }
}

fn kind_of(role: ChannelRole) -> (OutputKind, bool) {
    match role {
        ChannelRole::Roughness => (OutputKind::Roughness, false),
        ChannelRole::Gloss => (OutputKind::Roughness, true),
        ChannelRole::Occlusion => (OutputKind::Occlusion, false),
        ChannelRole::Metallic => (OutputKind::Metallic, false),
        ChannelRole::Height => (OutputKind::Height, false),
        ChannelRole::Opacity => (OutputKind::Alpha, false),
    }
}

/// `grass.png` beside `grass_normal.png`: the only picture without a role whose name begins all others is the colour.
fn unnamed_color(pictures: &[PathBuf]) -> Option<&Path> {
    let mut without_role = pictures.iter().filter(|path| is_readable(path) && role_of(&stem(path)).is_none());
    let (only, None) = (without_role.next()?, without_role.next()) else { return None };
    let begins = |path: &PathBuf| stem(path).to_lowercase().starts_with(&stem(only).to_lowercase());
    (pictures.len() > 1 && pictures.iter().all(begins)).then_some(only)
}

/// Pictures and folders inside `folder`, hidden ones left out, sorted.
fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), FolderError> {
    let failed = |source| FolderError::Io { path: folder.to_path_buf(), source };
    let (mut pictures, mut folders) = (Vec::new(), Vec::new());
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_hidden(&path) {
            continue;
        }
        if path.is_dir() {
            folders.push(path);
        } else if is_readable(&path) || UNREADABLE.contains(&&*extension(&path)) {
            pictures.push(path);
        }
    }
    pictures.sort();
    folders.sort();
    Ok((pictures, folders))
}

/// Whether a file or folder is none of the user's: its name begins with a dot, or macOS put it into an archive.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.') || name == "__MACOSX")
}

fn is_readable(path: &Path) -> bool {
    EXTENSIONS.contains(&&*extension(path))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Which file became which map, a line each, and what is not used.
impl fmt::Display for MapFiles {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for map in &self.maps {
            write!(to, "{:10} {}", map.kind.name(), name(&map.path))?;
            if let Some(channel) = map.channel {
                write!(to, ", {}", ["red", "green", "blue", "alpha"][channel.min(3)])?;
            }
            if map.inverted {
                write!(to, ", inverted")?;
            }
            if map.convention == Some(NormalConvention::DirectX) {
                write!(to, ", DirectX: green is flipped")?;
            }
            writeln!(to)?;
        }
        for UnusedPicture { path, reason } in &self.unused {
            match reason {
                Unused::Spare => writeln!(to, "not used   {}", name(path))?,
                Unused::Format => writeln!(to, "not used   {}: not {FORMATS}", name(path))?,
                Unused::Unwanted(kind) => writeln!(to, "not used   {}: no {} is learned", name(path), kind.name())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(files: &[&str]) -> String {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        choose(&files).map_or("none".into(), |maps| maps.to_string())
    }

    #[test]
    fn the_best_of_several_files_is_taken_and_the_others_are_listed() {
        let files = ["b_Color.jpg", "b_NormalDX.png", "b_NormalGL.png", "b_Color.png", "b.png"];
        let lines = "base_color b_Color.png\nnormal     b_NormalGL.png\n\
                     not used   b.png\nnot used   b_Color.jpg\nnot used   b_NormalDX.png\n";
        assert_eq!(chosen(&files), lines);
    }

    #[test]
    fn packed_maps_give_what_no_file_of_its_own_does() {
        let lines = "base_color r_diff_1k.jpg\nnormal     r_nor_dx_1k.png, DirectX: green is flipped\n\
                     roughness  r_rough_1k.jpg\nmetallic   r_arm_1k.jpg, blue\nocclusion  r_arm_1k.jpg, red\n";
        assert_eq!(chosen(&["r_arm_1k.jpg", "r_diff_1k.jpg", "r_nor_dx_1k.png", "r_rough_1k.jpg"]), lines);
        let lines = "base_color w_albedo.png\nroughness  w_gloss.png, inverted\n";
        assert_eq!(chosen(&["w_albedo.png", "w_gloss.png"]), lines);
    }

    #[test]
    fn a_colour_may_have_no_ending_where_nothing_else_can_be_meant() {
        assert_eq!(chosen(&["grass.png", "grass_normal.png"]), "base_color grass.png\nnormal     grass_normal.png\n");
        assert_eq!(chosen(&["grass.png", "moss.png", "grass_normal.png"]), "none");
        assert_eq!(chosen(&["photo.png"]), "none");
    }

    #[test]
    fn two_sets_in_one_folder_are_not_mixed() {
        let files = ["moss_color.png", "moss_normal.png", "wood_color.png", "wood_height.png", "wood_normal.png"];
        let lines = "base_color moss_color.png\nnormal     moss_normal.png\nnot used   wood_color.png\n\
                     not used   wood_height.png\nnot used   wood_normal.png\n";
        assert_eq!(chosen(&files), lines);
        // One colour map alone may have another name than the rest.
        assert_eq!(chosen(&["color.png", "wood_height.png"]), "base_color color.png\nheight     wood_height.png\n");
    }

    #[test]
    fn maps_that_are_not_wanted_are_listed_as_not_used() {
        let files = ["w_color.png", "w_emissive.png", "w_orm.png", "w_opacity.tga"].map(PathBuf::from);
        let found = choose(&files).unwrap().only(&[OutputKind::BaseColor, OutputKind::Roughness]);
        let lines = "base_color w_color.png\nroughness  w_orm.png, green\nnot used   w_emissive.png: no emissive is learned\n\
                     not used   w_opacity.tga: not png, jpg, webp, tif, exr or hdr\n";
        assert_eq!(found.to_string(), lines);
    }
}
