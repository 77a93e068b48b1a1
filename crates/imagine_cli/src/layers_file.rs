//! Files of layers: `name.layers.ron`, whose layers are generator files, ONNX files and built-in generators.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};
use imagine_graph::file::LoadedGenerator;
use imagine_graph::{LAYERS_EXTENSION, MaterialLayers};

use crate::network_file::{RoleArguments, load};

/// Maximum bytes of a file of layers, which is a few lines.
const MAX_BYTES: u64 = 1 << 20;

/// Whether `path` is called like a file of layers.
pub fn is_layers(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_ascii_lowercase().ends_with(LAYERS_EXTENSION))
}

/// Loads the layers at `path` with all their generators, as one generator.
pub fn load_layers(path: &Path) -> anyhow::Result<LoadedGenerator> {
    let shown = path.display().to_string();
    let mut text = String::new();
    let file = std::fs::File::open(path).with_context(|| shown.clone())?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text).with_context(|| shown.clone())?;
    let layers = MaterialLayers::from_ron(&shown, &text).with_context(|| shown.clone())?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let layers = layers.try_map(|name| generator(folder, &name).with_context(|| shown.clone()))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = &file[..file.len() - LAYERS_EXTENSION.len()];
    layers.merge(name).with_context(|| shown.clone())
}

/// The generator that a layer names: a file relative to `folder`, or a built-in one.
fn generator(folder: &Path, name: &str) -> anyhow::Result<LoadedGenerator> {
    ensure!(!is_layers(Path::new(name)), "{name}: layers in layers are not possible; list them in one file");
    let file = folder.join(name);
    let path = if file.exists() { &file } else { Path::new(name) };
    match path == file || !name.contains(['.', '/', '\\']) {
        true => load(path, &RoleArguments::default()),
        false => anyhow::bail!("{}: no such file", file.display()),
    }
}
