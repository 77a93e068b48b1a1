//! Files of layers: `name.layers.ron`.

use std::io::Read;
use std::path::Path;

use imagine_graph::{LAYERS_EXTENSION, MaterialLayers};

/// Maximum bytes of a file of layers, which is a few lines.
const MAX_BYTES: u64 = 1 << 20;

/// Whether `path` is called like a file of layers.
pub fn is_layers(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_ascii_lowercase().ends_with(LAYERS_EXTENSION))
}

/// Reads the layers at `path`; their generators are still names.
pub fn read_layers(path: &Path) -> anyhow::Result<MaterialLayers> {
    let shown = path.display().to_string();
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    Ok(MaterialLayers::from_ron(&shown, &text)?)
}
