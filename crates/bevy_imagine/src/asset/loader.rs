//! The loader of generator files.

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, LoadContext};
use bevy::prelude::*;
use imagine_graph::file::LoadError;

use super::generator::Generator;
use super::labels::add_labeled;

/// Loads `*.generator.safetensors`, with model card and interface as [labeled assets](crate::asset::GeneratorAssetLabel). Files are
/// untrusted: they are validated as a whole, and nothing in them is executed.
#[derive(Default, TypePath)]
pub struct GeneratorLoader;

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
        let loaded = imagine_graph::file::from_bytes(&context.path().path().to_string_lossy(), &bytes)?;
        let generator = loaded.into();
        add_labeled(&generator, context);
        Ok(generator)
    }

    fn extensions(&self) -> &[&str] {
        &["generator.safetensors"]
    }
}
