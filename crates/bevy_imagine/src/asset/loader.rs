//! The loader of generator files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, LoadContext};
use bevy::prelude::*;
use imagine_graph::file::{self, LoadError, LoadedGenerator};

use super::generator::Generator;
use super::labels::add_labeled;

/// Loads `*.generator.safetensors`, with model card and interface as [labeled assets](crate::asset::GeneratorAssetLabel). Files are
/// untrusted: they are validated as a whole, and nothing in them is executed.
///
/// A file that is loaded again, by itself or as a layer, shares the weights that are in memory.
#[derive(Default, TypePath)]
pub struct GeneratorLoader {
    /// Loaded generators that something still holds, by the hash of their file.
    loaded: Mutex<HashMap<String, Weak<LoadedGenerator>>>,
}

impl GeneratorLoader {
    /// The generator in a file called `name`.
    fn generator(&self, name: &str, bytes: &[u8]) -> Result<Generator, LoadError> {
        let hash = file::hash(bytes);
        let known = || self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let shared = known().get(&hash).and_then(Weak::upgrade);
        if let Some(shared) =
            shared.filter(|shared| Some(shared.name.as_str()) == file_name.strip_suffix(file::EXTENSION))
        {
            return Ok(shared.into());
        }
        let loaded = Arc::new(file::from_bytes(name, bytes)?);
        let mut known = known();
        known.retain(|_, loaded| loaded.strong_count() > 0);
        known.insert(hash, Arc::downgrade(&loaded));
        Ok(loaded.into())
    }
}

/// Why a generator file did not load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorLoaderError {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The file's contents are wrong.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl AssetLoader for GeneratorLoader {
    type Asset = Generator;
    type Settings = ();
    type Error = GeneratorLoaderError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        _: &(),
        context: &mut LoadContext<'_>,
    ) -> Result<Generator, GeneratorLoaderError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await?;
        let generator = self.generator(&context.path().path().to_string_lossy(), &bytes)?;
        add_labeled(&generator, context);
        Ok(generator)
    }

    fn extensions(&self) -> &[&str] {
        &["generator.safetensors"]
    }
}
