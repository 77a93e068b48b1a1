//! The maps of a PBR folder, recognised by their file names.

use std::path::{Path, PathBuf};

use imagine_graph::OutputKind;

use super::planes::Samples;
use crate::error::ExemplarError;

/// Kind, samples and file names without extension, in order of preference.
const MAPS: [(OutputKind, Samples, &[&str]); 6] = [
    (OutputKind::BaseColor, Samples::Color, COLOR_NAMES),
    (OutputKind::Normal, Samples::Normal, &["normal", "normal_gl", "normal_derived"]),
    (OutputKind::Roughness, Samples::Value, &["roughness"]),
    (OutputKind::Height, Samples::Value, &["height", "displacement"]),
    (OutputKind::Occlusion, Samples::Value, &["ao", "occlusion", "ambient_occlusion"]),
    (OutputKind::Metallic, Samples::Value, &["metallic", "metalness"]),
];
/// File names of colour maps, without extension.
const COLOR_NAMES: &[&str] = &["color", "base_color", "albedo", "diffuse"];
const EXTENSIONS: [&str; 3] = ["png", "jpg", "jpeg"];

/// The maps in a folder, colour first; a folder without a colour map is an error.
pub(crate) fn find_maps(folder: &Path) -> Result<Vec<(OutputKind, Samples, PathBuf)>, ExemplarError> {
    let io = |source| ExemplarError::Io { path: folder.to_path_buf(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        files.push(entry.map_err(io)?.path());
    }
    files.sort();
    let lower = |text: Option<&std::ffi::OsStr>| text.unwrap_or_default().to_string_lossy().to_lowercase();
    let called = |name: &str| {
        let fits = |f: &&PathBuf| lower(f.file_stem()) == name && EXTENSIONS.contains(&lower(f.extension()).as_str());
        files.iter().find(fits).cloned()
    };
    let mut found = Vec::new();
    for (kind, samples, names) in MAPS {
        if let Some(file) = names.iter().find_map(|name| called(name)) {
            found.push((kind, samples, file));
        } else if kind == OutputKind::BaseColor {
            return Err(ExemplarError::NoColor { path: folder.to_path_buf(), expected: COLOR_NAMES });
        }
    }
    Ok(found)
}
