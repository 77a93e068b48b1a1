//! PNG files with recipes in them.

use imagine_graph::generators;
use imagine_png::{Picture, Source};

use crate::recipe::Recipe;

/// Encodes a PNG file. Equal pictures and recipes give equal bytes.
pub fn encode(picture: &Picture, recipe: &Recipe) -> anyhow::Result<Vec<u8>> {
    Ok(imagine_png::encode(picture, source(recipe), &recipe.to_text())?)
}

/// The kind of source that made a picture.
pub fn source(recipe: &Recipe) -> Source {
    if generators::is_built_in(&recipe.generator_sha256) { Source::Formula } else { Source::TrainedNetwork }
}
