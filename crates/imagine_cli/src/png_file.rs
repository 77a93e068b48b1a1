//! PNG files with recipes in them.

use imagine_png::{Carried, Picture};

use crate::recipe::Recipe;

/// Encodes a PNG file. Equal pictures and recipes give equal bytes.
pub fn encode(picture: &Picture, recipe: &Recipe, carried: &Carried) -> anyhow::Result<Vec<u8>> {
    Ok(imagine_png::encode_carrying(picture, recipe.source(), &recipe.to_text(), carried)?)
}
