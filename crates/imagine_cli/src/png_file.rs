//! PNG files with recipes in them.

use std::path::Path;

use anyhow::Context;
use imagine_graph::generators;
use imagine_png::{Picture, Source};

use crate::files::read_file;
use crate::recipe::Recipe;

/// Encodes a PNG file. Equal pictures and recipes give equal bytes.
pub fn encode(picture: &Picture, recipe: &Recipe) -> anyhow::Result<Vec<u8>> {
    Ok(imagine_png::encode(picture, source(recipe), &recipe.to_text())?)
}

/// The kind of source that made a picture.
pub fn source(recipe: &Recipe) -> Source {
    if generators::is_built_in(&recipe.generator_sha256) { Source::Formula } else { Source::TrainedNetwork }
}

/// Reads the recipe in the PNG file at `path`.
pub fn read_recipe(path: &Path) -> anyhow::Result<Recipe> {
    read_file(path).and_then(|bytes| recipe_of(&bytes)).with_context(|| path.display().to_string())
}

/// Reads the recipe from the bytes of a PNG file, without decoding pixels.
fn recipe_of(bytes: &[u8]) -> anyhow::Result<Recipe> {
    Recipe::from_text(&imagine_png::recipe(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn recipe() -> Recipe {
        Recipe {
            generator_sha256: "0123456789abcdef".repeat(4),
            output: "base_color".into(),
            seed: u64::MAX,
            size: "2x1".into(),
            steps: 7,
            controls: BTreeMap::from([("wear".into(), "0.5".into()), ("ton é".into(), "#ff0000".into())]),
            images: BTreeMap::from([("photo".into(), "89".repeat(32))]),
            cube: false,
            patch: Some([-1_048_576, 3]),
            exposure: None,
            executor: "cpu".into(),
            version: "1.2.3".into(),
        }
    }

    fn file(recipe: &Recipe) -> Vec<u8> {
        let picture = Picture { width: 2, height: 1, channels: 3, is_srgb: true, bytes: vec![0, 1, 2, 3, 4, 255] };
        encode(&picture, recipe).unwrap()
    }

    #[test]
    fn recipes_survive_a_round_trip() {
        assert_eq!(recipe_of(&file(&recipe())).unwrap(), recipe());
    }

    #[test]
    fn hostile_recipes_are_refused_with_a_reason() {
        let wrong = |change: fn(&mut Recipe), part: &str| {
            let mut recipe = recipe();
            change(&mut recipe);
            let message = format!("{:#}", recipe_of(&file(&recipe)).unwrap_err());
            assert!(message.contains(part), "{message}");
        };
        wrong(|r| r.size = "99999999x9".into(), "size");
        wrong(|r| r.executor = "abacus".into(), "executor");
        wrong(|r| r.generator_sha256 = "../../x".into(), "SHA-256");
        wrong(|r| r.output = "x".repeat(imagine_png::MAX_RECIPE_BYTES), "larger");
    }
}
