//! What the commands that edit pictures by example share.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use imagine_graph::OutputKind;

use crate::edit::{Source, find};

/// The maps of a source.
pub fn kinds(source: &Source) -> Vec<OutputKind> {
    source.maps.iter().map(|map| map.kind).collect()
}

/// Values of options for the recipe in the file.
pub fn options(values: &[(&str, f32)]) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// Reads one picture, or the maps of one material.
pub fn read_one(path: &Path) -> anyhow::Result<Source> {
    let found = find(&[path.to_path_buf()], false).with_context(|| path.display().to_string())?;
    match found.as_slice() {
        [one] => one.read(None),
        many => {
            bail!("{}: {} pictures; give one, or a folder with the maps of one material", path.display(), many.len())
        }
    }
}
