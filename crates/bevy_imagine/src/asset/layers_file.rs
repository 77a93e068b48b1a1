//! Files of layers as assets: `name.layers.ron` becomes a [`Generator`], and every target and world works with it. A change of the file
//! or of a layer's generator reloads it.

use std::collections::BTreeMap;

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, AssetPath, LoadContext, LoadDirectError};
use bevy::prelude::*;
use imagine_graph::{LAYERS_EXTENSION, LayersError, MaterialLayers};

use super::generator::Generator;
use super::labels::add_labeled;
use crate::generators;

/// Loads `*.layers.ron`, with the same [labeled assets](crate::asset::GeneratorAssetLabel) as generator files. Generators are paths
/// relative to the file, or names of [built-in generators](crate::generators). Files are untrusted.
#[derive(Default, TypePath)]
pub struct LayersLoader;

/// Why a file of layers did not load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayersLoaderError {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The file is no text.
    #[error("{file}: is not UTF-8")]
    Text {
        /// The file.
        file: String,
    },
    /// A layer of layers.
    #[error("{file}: {generator}: layers in layers are not possible; list them in one file")]
    Nested {
        /// The file.
        file: String,
        /// The layer's generator.
        generator: String,
    },
    /// A path that no asset can have.
    #[error("{file}: {generator:?} is not a path: {error}")]
    Path {
        /// The file.
        file: String,
        /// The layer's generator.
        generator: String,
        /// Why.
        error: bevy::asset::ParseAssetPathError,
    },
    /// A layer's generator did not load.
    #[error("{file}: {error}")]
    Generator {
        /// The file.
        file: String,
        /// Why.
        error: Box<LoadDirectError>,
    },
    /// The layers are wrong, or do not fit together.
    #[error("{file}: {error}")]
    Layers {
        /// The file.
        file: String,
        /// What is wrong.
        error: LayersError,
    },
}

impl AssetLoader for LayersLoader {
    type Asset = Generator;
    type Settings = ();
    type Error = LayersLoaderError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        _: &(),
        context: &mut LoadContext<'_>,
    ) -> Result<Generator, LayersLoaderError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await?;
        let file = context.path().path().to_string_lossy().into_owned();
        let text = String::from_utf8(bytes).map_err(|_| LayersLoaderError::Text { file: file.clone() })?;
        let fail = |error| LayersLoaderError::Layers { file: file.clone(), error };
        let layers = MaterialLayers::from_ron(&file, &text).map_err(fail)?;
        let mut loaded: BTreeMap<String, Generator> = BTreeMap::new();
        for name in layers.layers.iter().filter_map(|layer| layer.generator.as_ref()) {
            if !loaded.contains_key(name) {
                loaded.insert(name.clone(), load_generator(&file, name, context).await?);
            }
        }
        let layers = layers.try_map(|name| Ok::<_, LayersLoaderError>(loaded[&name].clone()))?;
        let name = file.rsplit('/').next().unwrap_or(&file);
        let name = name.strip_suffix(LAYERS_EXTENSION).unwrap_or(name);
        let generator = Generator::of_layers(name, &layers).map_err(fail)?;
        add_labeled(&generator, context);
        Ok(generator)
    }

    fn extensions(&self) -> &[&str] {
        &["layers.ron"]
    }
}

/// The generator that a layer of `file` names.
async fn load_generator(file: &str, name: &str, context: &mut LoadContext<'_>) -> Result<Generator, LayersLoaderError> {
    if let Some(built_in) = generators::load(name) {
        return Ok(built_in.into());
    }
    let (file, generator) = (file.to_string(), name.to_string());
    if name.to_ascii_lowercase().ends_with(LAYERS_EXTENSION) {
        return Err(LayersLoaderError::Nested { file, generator });
    }
    let path = match AssetPath::try_parse(name) {
        Ok(path) => context.path().resolve_embed(&path),
        Err(error) => return Err(LayersLoaderError::Path { file, generator, error }),
    };
    let loaded = context.load_builder().load_value::<Generator>(path).await;
    loaded.map(|loaded| loaded.take()).map_err(|error| LayersLoaderError::Generator { file, error: Box::new(error) })
}
