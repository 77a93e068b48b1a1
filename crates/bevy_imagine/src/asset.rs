//! Generator files as assets.

use std::sync::Arc;

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, LoadContext};
use bevy::prelude::*;
use imagine_graph::file::{LoadError, LoadedGenerator};
use imagine_graph::{Card, ValidGenerator};

use crate::labels::add_labeled;
pub use crate::labels::{GeneratorAssetLabel, GeneratorInterface, ModelCard};

/// Reads generators and what their files hold under labels, and makes nothing of them: for tools without a renderer, such as one that
/// lists licences. [`ImaginePlugin`](crate::ImaginePlugin) adds it where it is not there. Add it after `AssetPlugin`.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_imagine::asset::{ImagineAssetPlugin, ModelCard};
///
/// App::new().add_plugins((MinimalPlugins, AssetPlugin::default(), ImagineAssetPlugin));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ImagineAssetPlugin;

impl Plugin for ImagineAssetPlugin {
    fn build(&self, app: &mut App) {
        app.init_asset::<Generator>()
            .init_asset::<ModelCard>()
            .init_asset::<GeneratorInterface>()
            .init_asset_loader::<GeneratorLoader>();
        #[cfg(feature = "onnx")]
        app.init_asset_loader::<crate::onnx::OnnxLoader>();
        #[cfg(feature = "default_generators")]
        crate::default_generators::embed(app);
    }
}

/// A generator network, valid and ready to run. Clones share it.
#[derive(Asset, TypePath, Clone, Debug)]
pub struct Generator {
    loaded: Arc<LoadedGenerator>,
}

impl Generator {
    /// Name for messages, without folder and extension.
    pub fn name(&self) -> &str {
        &self.loaded.name
    }

    /// SHA-256 of the file's bytes, 64 hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.loaded.hash
    }

    /// The model card.
    pub fn card(&self) -> &Card {
        &self.network().generator.card
    }

    /// The network.
    pub fn network(&self) -> &ValidGenerator {
        &self.loaded.generator
    }
}

impl Generator {
    /// A generator built in code, for `Assets<Generator>::add`. `name` stands in messages.
    pub fn new(name: impl Into<String>, generator: &imagine_graph::Generator) -> Result<Self, GeneratorError> {
        let bytes = imagine_graph::file::write(generator, imagine_graph::file::WeightFormat::F32)?;
        let name = name.into();
        Ok(imagine_graph::file::from_bytes(&format!("{name}.generator.safetensors"), &bytes)?.into())
    }
}

/// Why a graph built in code is no generator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorError {
    /// It cannot be written as a file.
    #[error(transparent)]
    Write(#[from] imagine_graph::file::SaveError),
    /// It is not valid.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl From<LoadedGenerator> for Generator {
    fn from(loaded: LoadedGenerator) -> Self {
        Self { loaded: Arc::new(loaded) }
    }
}

/// Reads `*.generator.safetensors`, and what is in them under labels ([`GeneratorAssetLabel`]). Files are untrusted: they are checked whole, and nothing in them is executed.
#[derive(Default, TypePath)]
pub struct GeneratorLoader;

/// Why a file is no generator.
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
